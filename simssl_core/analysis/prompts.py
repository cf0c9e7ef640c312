"""A trained run and words: what it pictures for a caption, and what caption it reads off an image.

Only for objectives that learn from images with captions. What can draw from a caption imagines; what cannot (CLIP
compares the two behind its projection heads, from where no decoder draws) finds the real images that suit it best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from simssl_core.data import captions, catalog
from simssl_core.errors import CheckpointError

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Studio

BATCH = 250


def vocabulary(studio: Studio) -> tuple[str, ...]:
    """The words that the run met in training; () for objectives that read no captions.

    Captions made from factors (those of sprites) tell only the factors that the views share, so the rest of their
    vocabulary stays untaught.
    """
    if not getattr(studio.objective, "needs_captions", False):
        return ()
    known = studio.objective.context.vocabulary[1:]  # 0 is the empty word that pads
    about = catalog.find(studio.record.dataset.name)
    if about and about.caption_words:
        told = set(about.caption_words(studio.record.config.views.shared))
        known = [word for word in known if word in told]
    return tuple(known)


def unknown(studio: Studio, text: str) -> tuple[str, ...]:
    """The words of a caption that the run never learnt, each once, in their order."""
    known = set(vocabulary(studio))
    return tuple(dict.fromkeys(word for word in captions.words(text) if word not in known))


def understood(studio: Studio, text: str) -> tuple[str, ...]:
    """The words of a caption that the run knows, in their order."""
    known = set(vocabulary(studio))
    return tuple(word for word in captions.words(text) if word in known)


def tokens(studio: Studio, text: str) -> Tensor:
    """The known words of a caption as int64 (1, T).

    Raises:
        CheckpointError: the run knows none of them, or reads no captions.
    """
    found = understood(studio, text)
    if not found:
        raise CheckpointError(f"{studio.record.label} knows no word of “{text}”")
    return captions.tokenize([" ".join(found)], studio.objective.context.vocabulary)


def imagines(studio: Studio) -> bool:
    """Whether the run draws from a caption by itself; if it reads captions and does not, it can only find images."""
    return hasattr(studio.objective, "imagine")


def writes(studio: Studio) -> bool:
    """Whether the run can put an image into words."""
    return hasattr(studio.objective, "decode_text")


@torch.no_grad()
def imagined(studio: Studio, text: str, count: int, seed: int) -> np.ndarray:
    """Pictures uint8 (1 + count, C, H, W) for a caption: at its posterior mean, then ``count`` draws around it.

    A draw goes the model's own way from the caption to another view of its content: z² ~ q(z²|caption), the content
    y ~ p(y|z²), z ~ N(y, σ²I). Under the uniform prior p(y|z²) = N(z², σ²I); under N(0, γ²I) it is
    N(s·z², s·σ²I) with s = γ²/(γ² + σ²).

    Raises:
        CheckpointError: the run knows none of the words.
    """
    objective, row = studio.objective, tokens(studio, text)
    first = objective.imagine(row)
    mean, log_var = objective.text_posterior(row)
    settings = objective.settings
    shrink = settings.gamma2 / (settings.gamma2 + settings.sigma2) if settings.prior == "gaussian" else 1.0
    variance = shrink**2 * log_var.exp() + (shrink + 1) * settings.sigma2
    noise = torch.randn(count, studio.width, generator=torch.Generator().manual_seed(seed))
    drawn = objective.decode(shrink * mean + variance.sqrt() * noise)
    return torch.cat([first, drawn]).nan_to_num().clamp(0, 1).mul(255).round().to(torch.uint8).numpy()


@torch.no_grad()
def suiting(studio: Studio, text: str, count: int) -> np.ndarray:
    """The places of the ``count`` held-out images that suit a caption best, the best first.

    Raises:
        CheckpointError: the run knows none of the words.
    """
    row = tokens(studio, text)
    images = torch.as_tensor(studio.gallery.images[studio.held_out]).float() / 255
    scores = torch.cat([studio.objective.similarity(part, row)[:, 0] for part in images.split(BATCH)])
    return studio.held_out[scores.argsort(descending=True, stable=True)[:count].numpy()]


@torch.no_grad()
def read_off(studio: Studio, image: np.ndarray) -> str:
    """The caption that the run reads off an image uint8 (C, H, W): the likeliest word at each place, "" for none.

    Raises:
        CheckpointError: the objective compares captions but writes none.
    """
    if not writes(studio):
        raise CheckpointError(f"{studio.record.label} compares captions with images, but writes none")
    row = studio.objective.decode_text(torch.as_tensor(studio.encoder(image[None])))[0].tolist()
    words = studio.objective.context.vocabulary
    return " ".join(words[token] for token in row if token)
