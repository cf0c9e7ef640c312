"""Scores of objectives that read captions: zero-shot classification, and retrieval between images and captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import torch

from simssl_core.data import captions
from simssl_core.data.catalog import Dataset
from simssl_core.data.view_maker import ViewMaker
from simssl_core.metrics import measures

if TYPE_CHECKING:
    from simssl_core.objectives.base import Objective

TEST_IMAGES = 1_000
BATCH = 250  # images compared at a time


class CaptionReader(Protocol):
    """An objective with ``needs_captions``: it compares images with captions."""

    def similarity(self, images: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Similarities (B, M) of images (B, C, H, W) and captions (M, T); higher means a better match."""


@measures(
    "zero_shot",
    title="Zero-shot accuracy",
    family="information",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    chance="1/classes",
    help="The share of images whose class name, read as a caption, matches them best among the names of all classes.",
    measured="full",
    source="objective",
    place=53,
)
@measures(
    "caption_of_image",
    title="Caption of image",
    family="information",
    unit="recall at 1",
    better="higher",
    low=0.0,
    high=1.0,
    help="The share of images whose own caption matches them best among all captions.",
    measured="full",
    source="objective",
    place=54,
)
@measures(
    "image_of_caption",
    title="Image of caption",
    family="information",
    unit="precision at 1",
    better="higher",
    low=0.0,
    high=1.0,
    help="The share of captions whose best-matching image carries that caption.",
    measured="full",
    source="objective",
    place=55,
)
@torch.no_grad()
def caption_scores(
    objective: Objective, dataset: Dataset, view_maker: ViewMaker, limit: int = TEST_IMAGES
) -> dict[str, float]:
    """Return the caption scores on up to ``limit`` test images; {} if the objective or the data has no captions.

    * ``zero_shot``: share of images that match the name of their class, read as a caption, best among all classes;
    * ``caption_of_image``: share of images whose own caption matches best among the distinct captions (recall at 1);
    * ``image_of_caption``: share of the distinct captions whose best-matching image carries them (precision at 1).

    Several data may share a caption, so each distinct caption counts once. The caller sets evaluation mode.
    Source: Radford et al. 2021 (zero-shot by names, recall at 1).
    """
    if not getattr(objective, "needs_captions", False) or not dataset.vocabulary:
        return {}
    places = torch.arange(min(limit, len(dataset.test)), device=dataset.test.images.device)
    tokens = view_maker.tokens(dataset.test, places)
    assert tokens is not None  # the data has a vocabulary, so it has captions
    reader = cast(CaptionReader, objective)
    distinct, own = tokens.unique(dim=0, return_inverse=True)
    similarities = _similarities(reader, dataset, view_maker, places, distinct)
    best_image = similarities.argmax(0)
    scores = {
        "caption_of_image": (similarities.argmax(1) == own).double().mean().item(),
        "image_of_caption": (own[best_image] == torch.arange(len(distinct), device=own.device)).double().mean().item(),
    }
    names = captions.tokenize(dataset.classes, dataset.vocabulary).to(tokens.device)
    if len(names) > 1 and len(names.unique(dim=0)) == len(names) and names.any(1).all():
        predicted = _similarities(reader, dataset, view_maker, places, names).argmax(1)
        scores["zero_shot"] = (predicted == dataset.test.labels[places]).double().mean().item()
    return scores


def _similarities(
    reader: CaptionReader, dataset: Dataset, view_maker: ViewMaker, places: torch.Tensor, tokens: torch.Tensor
) -> torch.Tensor:
    """Return the similarities (N, M) of the images at ``places`` (N,) and captions (M, T), in batches."""
    rows = [reader.similarity(view_maker.plain(dataset.test, part), tokens) for part in places.split(BATCH)]
    return torch.cat(rows)
