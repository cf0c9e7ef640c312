"""What an objective that reads captions knows without a label: zero-shot classes, and finding images by words."""

from __future__ import annotations

from typing import Any, Protocol

import torch

from simssl_core.data import captions
from simssl_core.data.catalog import Dataset
from simssl_core.data.view_maker import ViewMaker

MOST = 1_000  # test images
BATCH = 250


class ReadsCaptions(Protocol):
    """What is asked of an objective here; those without ``needs_captions`` are never asked for a similarity."""

    def similarity(self, images: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """How well images (B, C, H, W) and captions (M, T) suit each other: (B, M)."""


@torch.no_grad()
def caption_scores(objective: Any, dataset: Dataset, views: ViewMaker, most: int = MOST) -> dict[str, float]:
    """``zero_shot``, ``caption_of_image``, ``image_of_caption`` on up to ``most`` test images; {} without captions.

    * ``zero_shot``: share of images whose class's name, among all names read as captions, suits them best;
    * ``caption_of_image``: share of images whose own caption is the best among the distinct captions (recall at 1);
    * ``image_of_caption``: share of the distinct captions whose best image carries them (precision at 1).

    Data may share a caption, so captions are counted once each. The objective's mode is the caller's to set.
    Source: Radford et al. 2021 (zero-shot by names, recall at 1).
    """
    if not getattr(objective, "needs_captions", False) or not dataset.vocabulary:
        return {}
    places = torch.arange(min(most, len(dataset.test)), device=dataset.test.images.device)
    tokens = views.tokens(dataset.test, places)
    assert tokens is not None  # the data has a vocabulary
    distinct, own = tokens.unique(dim=0, return_inverse=True)
    table = _similarities(objective, dataset, views, places, distinct)
    best = table.argmax(0)
    numbers = {
        "caption_of_image": (table.argmax(1) == own).double().mean().item(),
        "image_of_caption": (own[best] == torch.arange(len(distinct), device=own.device)).double().mean().item(),
    }
    names = captions.tokenize(dataset.classes, dataset.vocabulary).to(tokens.device)
    if len(names) > 1 and len(names.unique(dim=0)) == len(names) and names.any(1).all():
        guessed = _similarities(objective, dataset, views, places, names).argmax(1)
        numbers["zero_shot"] = (guessed == dataset.test.labels[places]).double().mean().item()
    return numbers


def _similarities(
    objective: ReadsCaptions, dataset: Dataset, views: ViewMaker, places: torch.Tensor, tokens: torch.Tensor
) -> torch.Tensor:
    """(N, M) of the images at ``places`` and captions (M, T), some images at a time."""
    rows = [objective.similarity(views.plain(dataset.test, part), tokens) for part in places.split(BATCH)]
    return torch.cat(rows)
