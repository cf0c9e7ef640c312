"""Captions and a trained run: draw or find images for a caption, and write the caption of an image.

This is for objectives that learn from images with captions. Some can draw images from a caption. The others can only
find the real images that match it best: CLIP compares the two behind its projection heads, where it has no decoder.
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

BATCH = 250  # images compared with a caption at a time


def vocabulary(explorer: Explorer) -> tuple[str, ...]:
    """The words in the captions of the run's training; () for objectives that read no captions.

    Captions generated from factors (those of sprites) describe only the factors that views share, so the run never sees
    the other words of the vocabulary.
    """
    if not getattr(explorer.objective, "needs_captions", False):
        return ()
    words = explorer.objective.context.vocabulary[1:]  # index 0 is the empty word for padding
    description = catalog.find(explorer.record.dataset.name)
    if description and description.caption_words:
        trained = set(description.caption_words(explorer.record.config.views.shared))
        words = [word for word in words if word in trained]
    return tuple(words)


def unknown_words(explorer: Explorer, text: str) -> tuple[str, ...]:
    """The words of a caption that are not in the run's vocabulary, each once, in their order."""
    words = set(vocabulary(explorer))
    return tuple(dict.fromkeys(word for word in captions.words(text) if word not in words))


def known_words(explorer: Explorer, text: str) -> tuple[str, ...]:
    """The words of a caption that are in the run's vocabulary, in their order."""
    words = set(vocabulary(explorer))
    return tuple(word for word in captions.words(text) if word in words)


def tokens(explorer: Explorer, text: str) -> Tensor:
    """The words of a caption that are in the run's vocabulary, as int64 (1, T).

    Raises:
        CheckpointError: the run knows none of the words, or reads no captions.
    """
    words = known_words(explorer, text)
    if not words:
        raise CheckpointError(f"{explorer.record.label} knows no word of “{text}”")
    return captions.tokenize([" ".join(words)], explorer.objective.context.vocabulary)


def can_draw_captions(explorer: Explorer) -> bool:
    """Whether the run can draw from a caption; a run that reads captions but cannot draw can only find images."""
    return hasattr(explorer.objective, "imagine")


def can_caption_images(explorer: Explorer) -> bool:
    """Whether the run can write the caption of an image."""
    return hasattr(explorer.objective, "decode_text")


@torch.no_grad()
def images_for_caption(explorer: Explorer, text: str, count: int, seed: int) -> np.ndarray:
    """Pictures uint8 (1 + count, C, H, W) for a caption: one at its posterior mean, then ``count`` samples around it.

    A sample follows the model from the caption to another view of its content: z² ~ q(z²|caption), then the content
    y ~ p(y|z²), then z ~ N(y, σ²I). Under the uniform prior p(y|z²) = N(z², σ²I); under N(0, γ²I) it is
    N(s·z², s·σ²I) with s = γ²/(γ² + σ²).

    Raises:
        CheckpointError: the run knows none of the words.
    """
    objective, caption = explorer.objective, tokens(explorer, text)
    first = objective.imagine(caption)
    mean, log_var = objective.text_posterior(caption)
    settings = objective.settings
    shrink = settings.gamma2 / (settings.gamma2 + settings.sigma2) if settings.prior == "gaussian" else 1.0
    variance = shrink**2 * log_var.exp() + (shrink + 1) * settings.sigma2
    noise = torch.randn(count, explorer.width, generator=torch.Generator().manual_seed(seed))
    samples = objective.decode(shrink * mean + variance.sqrt() * noise)
    return torch.cat([first, samples]).nan_to_num().clamp(0, 1).mul(255).round().to(torch.uint8).numpy()


@torch.no_grad()
def best_matching_images(explorer: Explorer, text: str, count: int) -> np.ndarray:
    """Gallery positions of the ``count`` held-out images that match a caption best, the best first.

    Raises:
        CheckpointError: the run knows none of the words.
    """
    caption = tokens(explorer, text)
    images = torch.as_tensor(explorer.gallery.images[explorer.held_out]).float() / 255
    scores = torch.cat([explorer.objective.similarity(batch, caption)[:, 0] for batch in images.split(BATCH)])
    return explorer.held_out[scores.argsort(descending=True, stable=True)[:count].numpy()]


@torch.no_grad()
def words_for_image(explorer: Explorer, image: np.ndarray) -> str:
    """The run's caption of an image uint8 (C, H, W): the most likely word at each position; it may be empty.

    Raises:
        CheckpointError: the objective compares captions with images but cannot write them.
    """
    if not can_caption_images(explorer):
        raise CheckpointError(f"{explorer.record.label} compares captions with images, but writes none")
    caption = explorer.objective.decode_text(torch.as_tensor(explorer.encoder(image[None])))[0].tolist()
    words = explorer.objective.context.vocabulary
    return " ".join(words[token] for token in caption if token)
