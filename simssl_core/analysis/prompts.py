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
    from simssl_core.analysis.explorer import Explorer

BATCH = 250


def vocabulary(explorer: Explorer) -> tuple[str, ...]:
    """The words that the run met in training; () for objectives that read no captions.

    Captions made from factors (those of sprites) tell only the factors that the views share, so the rest of their
    vocabulary stays untaught.
    """
    if not getattr(explorer.objective, "needs_captions", False):
        return ()
    known = explorer.objective.context.vocabulary[1:]  # 0 is the empty word that pads
    about = catalog.find(explorer.record.dataset.name)
    if about and about.caption_words:
        told = set(about.caption_words(explorer.record.config.views.shared))
        known = [word for word in known if word in told]
    return tuple(known)


def unknown_words(explorer: Explorer, text: str) -> tuple[str, ...]:
    """The words of a caption that the run never learnt, each once, in their order."""
    known = set(vocabulary(explorer))
    return tuple(dict.fromkeys(word for word in captions.words(text) if word not in known))


def known_words(explorer: Explorer, text: str) -> tuple[str, ...]:
    """The words of a caption that the run knows, in their order."""
    known = set(vocabulary(explorer))
    return tuple(word for word in captions.words(text) if word in known)


def tokens(explorer: Explorer, text: str) -> Tensor:
    """The known words of a caption as int64 (1, T).

    Raises:
        CheckpointError: the run knows none of them, or reads no captions.
    """
    found = known_words(explorer, text)
    if not found:
        raise CheckpointError(f"{explorer.record.label} knows no word of “{text}”")
    return captions.tokenize([" ".join(found)], explorer.objective.context.vocabulary)


def can_draw_captions(explorer: Explorer) -> bool:
    """Whether the run draws from a caption by itself; if it reads captions and does not, it can only find images."""
    return hasattr(explorer.objective, "imagine")


def can_caption_images(explorer: Explorer) -> bool:
    """Whether the run can put an image into words."""
    return hasattr(explorer.objective, "decode_text")


@torch.no_grad()
def images_for_caption(explorer: Explorer, text: str, count: int, seed: int) -> np.ndarray:
    """Pictures uint8 (1 + count, C, H, W) for a caption: at its posterior mean, then ``count`` draws around it.

    A draw goes the model's own way from the caption to another view of its content: z² ~ q(z²|caption), the content
    y ~ p(y|z²), z ~ N(y, σ²I). Under the uniform prior p(y|z²) = N(z², σ²I); under N(0, γ²I) it is
    N(s·z², s·σ²I) with s = γ²/(γ² + σ²).

    Raises:
        CheckpointError: the run knows none of the words.
    """
    objective, row = explorer.objective, tokens(explorer, text)
    first = objective.imagine(row)
    mean, log_var = objective.text_posterior(row)
    settings = objective.settings
    shrink = settings.gamma2 / (settings.gamma2 + settings.sigma2) if settings.prior == "gaussian" else 1.0
    variance = shrink**2 * log_var.exp() + (shrink + 1) * settings.sigma2
    noise = torch.randn(count, explorer.width, generator=torch.Generator().manual_seed(seed))
    drawn = objective.decode(shrink * mean + variance.sqrt() * noise)
    return torch.cat([first, drawn]).nan_to_num().clamp(0, 1).mul(255).round().to(torch.uint8).numpy()


@torch.no_grad()
def best_matching_images(explorer: Explorer, text: str, count: int) -> np.ndarray:
    """The places of the ``count`` held-out images that suit a caption best, the best first.

    Raises:
        CheckpointError: the run knows none of the words.
    """
    row = tokens(explorer, text)
    images = torch.as_tensor(explorer.gallery.images[explorer.held_out]).float() / 255
    scores = torch.cat([explorer.objective.similarity(part, row)[:, 0] for part in images.split(BATCH)])
    return explorer.held_out[scores.argsort(descending=True, stable=True)[:count].numpy()]


@torch.no_grad()
def words_for_image(explorer: Explorer, image: np.ndarray) -> str:
    """The caption that the run reads off an image uint8 (C, H, W): the likeliest word at each place, "" for none.

    Raises:
        CheckpointError: the objective compares captions but writes none.
    """
    if not can_caption_images(explorer):
        raise CheckpointError(f"{explorer.record.label} compares captions with images, but writes none")
    row = explorer.objective.decode_text(torch.as_tensor(explorer.encoder(image[None])))[0].tolist()
    words = explorer.objective.context.vocabulary
    return " ".join(words[token] for token in row if token)
