"""The memory decoder: a small decoder, trained on frozen features, that shows what a representation remembers.

Whatever is missing from its images (an object's position, its colour) was discarded by the objective. It also makes
traversals possible for objectives without a decoder. It is trained on unaugmented images and on views of them, with the
likelihood of the data; the way in which the encoder was trained does not matter.
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
from simssl_core.data.catalog import Dataset
from simssl_core.data.view_maker import ViewMaker
from simssl_core.errors import CheckpointError, ShapeError
from simssl_core.latent.frozen_features import Encode, freeze, learning_rate, pace, scaling
from simssl_core.models import decoders

SECONDS = 40.0
ENCODING_SHARE = 0.2  # the largest share of the time that encoding may take
BATCH = 128
LEARNING_RATE = 2e-3


class LearningProgress(NamedTuple):
    """The ``share`` done in [0, 1], the number of steps done, and a running mean of the loss per pixel."""

    share: float
    step: int
    loss: float


class MemoryDecoder(nn.Module):
    """Representations (B, D) of one encoder → images (B, C, H, W)."""

    def __init__(self, model: ModelConfig, shape: tuple[int, int, int], width: int, likelihood: str, seed: int = 0):
        super().__init__()
        self.width = width
        self.shape = tuple(shape)
        self.likelihood = likelihood
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        with torch.random.fork_rng(devices=[]):  # reproducible weights, without touching the global generator
            torch.manual_seed(seed)
            self.decoder = decoders.build(model, self.shape, width)

    def forward(self, z: Tensor) -> Tensor:
        """Decode (B, D) to (B, C, H, W): means, or logits if the likelihood is Bernoulli.

        Raises:
            ShapeError: ``z`` is not (B, D).
        """
        if z.ndim != 2 or z.shape[1] != self.width:
            raise ShapeError(f"this memory decoder reads (B, {self.width}), not {tuple(z.shape)}")
        return self.decoder((z - self.mean) * self.scale)

    @torch.no_grad()
    def pictures(self, z: Tensor, batch: int = 512) -> Tensor:
        """Decode (N, D) to images (N, C, H, W) in [0, 1], in evaluation mode."""
        was_training = self.training
        self.eval()
        outputs = torch.cat([self(part) for part in z.split(batch)]).float()
        self.train(was_training)
        return outputs.sigmoid() if self.likelihood == "bernoulli" else outputs.clamp(0, 1)

    def loss(self, z: Tensor, images: Tensor) -> Tensor:
        """Return the mean over pixels of the squared error, or of the binary cross-entropy (Bernoulli)."""
        outputs = self(z)
        if self.likelihood == "bernoulli":
            return F.binary_cross_entropy_with_logits(outputs, images)
        return F.mse_loss(outputs, images)

    def restore(self, tensors: Mapping[str, Tensor]) -> MemoryDecoder:
        """Load stored weights (a ``state_dict`` of this module) and return self.

        Raises:
            CheckpointError: names or shapes differ; the weights belong to another run or to an older state of this one.
        """
        own = self.state_dict()
        if set(own) != set(tensors) or any(own[name].shape != tensors[name].shape for name in own):
            raise CheckpointError("the stored memory decoder does not fit this run; train it again")
        self.load_state_dict(dict(tensors))
        return self


def learn(
    memory: MemoryDecoder,
    encode: Encode,
    dataset: Dataset,
    view_maker: ViewMaker,
    seconds: float = SECONDS,
    steps: int | None = None,
    limit: int = 10_000,
    seed: int = 0,
) -> Iterator[LearningProgress]:
    """Train ``memory`` to decode frozen representations; yields its progress, in the end with ``share`` = 1.

    Stops after ``seconds`` (which include encoding the training data) or ``steps``, whichever comes first; the learning
    rate falls to zero towards the end. If ``steps`` are done in time, the result depends on ``seed`` alone. The caller
    sets the encoder to evaluation mode.
    """
    started = time.perf_counter()
    frozen = freeze(
        encode, dataset, view_maker, 1, plain=True, limit=limit, seconds=ENCODING_SHARE * seconds, seed=seed
    )
    memory.to(frozen.features.device).train()
    mean, scale = scaling(frozen.features)
    memory.mean.copy_(mean)
    memory.scale.copy_(scale)
    optimizer = torch.optim.Adam(memory.parameters(), lr=LEARNING_RATE)
    batches = frozen.batches(BATCH // 2, torch.Generator().manual_seed(seed))
    smoothed = torch.tensor(math.nan)
    for step, share in pace(seconds, steps, started):
        if step % 10 == 0 or share == 1:
            yield LearningProgress(share, step, float(smoothed))
        if share == 1:
            break
        optimizer.param_groups[0]["lr"] = learning_rate(LEARNING_RATE, step, share)
        z, images = next(batches)
        optimizer.zero_grad(set_to_none=True)
        loss = memory.loss(z.flatten(0, 1), images.flatten(0, 1))
        loss.backward()
        optimizer.step()
        smoothed = 0.9 * smoothed + 0.1 * loss.detach() if step else loss.detach()
    memory.eval()
