"""What an objective that reads captions knows without a label: zero-shot classes, and finding images by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import torch

from simssl_core.data import captions
from simssl_core.data.catalog import Dataset
from simssl_core.data.view_maker import ViewMaker
from simssl_core.metrics import measures

if TYPE_CHECKING:
    from simssl_core.objectives.base import Objective

MOST = 1_000  # test images
BATCH = 250


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
    help="The share of images whose class’s name, read as a caption, suits them best among the names of all classes.",
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
    help="The share of images whose own caption suits them best among all captions.",
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
    help="The share of captions of which the image that suits them best carries them.",
    measured="full",
    source="objective",
    place=55,
)
@torch.no_grad()
def caption_scores(objective: Objective, dataset: Dataset, views: ViewMaker, most: int = MOST) -> dict[str, float]:
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
    assert tokens is not None  # the data has a vocabulary, so it has captions
    reader = cast(CaptionReader, objective)
    distinct, own = tokens.unique(dim=0, return_inverse=True)
    table = _similarities(reader, dataset, views, places, distinct)
    best = table.argmax(0)
    numbers = {
        "caption_of_image": (table.argmax(1) == own).double().mean().item(),
        "image_of_caption": (own[best] == torch.arange(len(distinct), device=own.device)).double().mean().item(),
    }
    names = captions.tokenize(dataset.classes, dataset.vocabulary).to(tokens.device)
    if len(names) > 1 and len(names.unique(dim=0)) == len(names) and names.any(1).all():
        guessed = _similarities(reader, dataset, views, places, names).argmax(1)
        numbers["zero_shot"] = (guessed == dataset.test.labels[places]).double().mean().item()
    return numbers


def _similarities(
    reader: CaptionReader, dataset: Dataset, views: ViewMaker, places: torch.Tensor, tokens: torch.Tensor
) -> torch.Tensor:
    """(N, M) of the images at ``places`` and captions (M, T), some images at a time."""
    rows = [reader.similarity(views.plain(dataset.test, part), tokens) for part in places.split(BATCH)]
    return torch.cat(rows)
