"""What does a representation remember? A small decoder, learnt on top of frozen features, draws what is still in them.

What is missing from its pictures (where the thing was, its colour) is what the objective threw away. It also gives
objectives without a decoder pictures to traverse. It is learnt on pictures as they are and on views of them, with the
data's own likelihood, and knows nothing of how the encoder was trained.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simssl_core.config import ModelConfig
from simssl_core.errors import CheckpointError, ShapeError
from simssl_core.latent.frozen_features import Encode, freeze, learning_rate, pace, scaling
from simssl_core.models import decoders

SECONDS = 40.0
ENCODING_SHARE = 0.2  # of the time, at most
BATCH = 128
LEARNING_RATE = 2e-3


class LearningProgress(NamedTuple):
    """How far the learning is: its ``share`` in [0, 1], steps done, and the loss per pixel lately."""

    share: float
    step: int
    loss: float


class MemoryDecoder(nn.Module):
    """Representations (B, D) of one encoder → images (B, C, H, W)."""

    def __init__(self, model: ModelConfig, shape: tuple[int, int, int], width: int, likelihood: str, seed: int = 0):
        super().__init__()
        self.width, self.shape, self.likelihood = width, tuple(shape), likelihood
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        with torch.random.fork_rng(devices=[]):  # the same weights each time, and nobody else's numbers disturbed
            torch.manual_seed(seed)
            self.decoder = decoders.build(model, self.shape, width)

    def forward(self, z: Tensor) -> Tensor:
        """(B, D) → (B, C, H, W): means, or logits where the likelihood is Bernoulli.

        Raises:
            ShapeError: ``z`` is not (B, D).
        """
        if z.ndim != 2 or z.shape[1] != self.width:
            raise ShapeError(f"this memory decoder reads (B, {self.width}), not {tuple(z.shape)}")
        return self.decoder((z - self.mean) * self.scale)

    @torch.no_grad()
    def pictures(self, z: Tensor, batch: int = 512) -> Tensor:
        """(N, D) → (N, C, H, W) in [0, 1], in evaluation mode."""
        before = self.training
        self.eval()
        drawn = torch.cat([self(part) for part in z.split(batch)]).float()
        self.train(before)
        return drawn.sigmoid() if self.likelihood == "bernoulli" else drawn.clamp(0, 1)

    def loss(self, z: Tensor, images: Tensor) -> Tensor:
        """Mean over pixels: squared error, or binary cross-entropy (Bernoulli)."""
        drawn = self(z)
        if self.likelihood == "bernoulli":
            return F.binary_cross_entropy_with_logits(drawn, images)
        return F.mse_loss(drawn, images)

    def restore(self, tensors: Mapping[str, Tensor]) -> MemoryDecoder:
        """Take over stored weights (this module's ``state_dict``) and return self.

        Raises:
            CheckpointError: other names or shapes: they belong to another run, or to an older state of this one.
        """
        own = self.state_dict()
        if set(own) != set(tensors) or any(own[name].shape != tensors[name].shape for name in own):
            raise CheckpointError("the stored memory decoder does not fit this run; let it be learnt again")
        self.load_state_dict(dict(tensors))
        return self


def learn(
    memory: MemoryDecoder,
    encode: Encode,
    dataset,
    views,
    seconds: float = SECONDS,
    steps: int | None = None,
    limit: int = 10_000,
    seed: int = 0,
) -> Iterator[LearningProgress]:
    """Teach ``memory`` to draw from frozen representations; yields its progress, at the end ``share`` = 1.

    Stops after ``seconds`` (encoding the training data among them) or ``steps``, whichever comes first; the learning
    rate falls to zero towards then. With ``steps`` and time enough the outcome depends on ``seed`` alone. The encoder's
    mode is the caller's to set.
    """
    started = time.perf_counter()
    frozen = freeze(encode, dataset, views, 1, plain=True, limit=limit, seconds=ENCODING_SHARE * seconds, seed=seed)
    memory.to(frozen.features.device).train()
    mean, scale = scaling(frozen.features)
    memory.mean.copy_(mean), memory.scale.copy_(scale)
    optimizer = torch.optim.Adam(memory.parameters(), lr=LEARNING_RATE)
    pairs = frozen.batches(BATCH // 2, torch.Generator().manual_seed(seed))
    lately = torch.tensor(math.nan)
    for step, share in pace(seconds, steps, started):
        if step % 10 == 0 or share == 1:
            yield LearningProgress(share, step, float(lately))
        if share == 1:
            break
        optimizer.param_groups[0]["lr"] = learning_rate(LEARNING_RATE, step, share)
        z, images = next(pairs)
        optimizer.zero_grad(set_to_none=True)
        loss = memory.loss(z.flatten(0, 1), images.flatten(0, 1))
        loss.backward()
        optimizer.step()
        lately = 0.9 * lately + 0.1 * loss.detach() if step else loss.detach()
    memory.eval()
