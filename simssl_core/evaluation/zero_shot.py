"""What an objective that reads captions knows without a label: zero-shot classes, and finding images by words."""

from __future__ import annotations

import torch

from simssl_core.data import captions
from simssl_core.metrics import measures

MOST = 1_000  # test images
BATCH = 250


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
def caption_scores(objective, dataset, views, most: int = MOST) -> dict[str, float]:
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


def _similarities(objective, dataset, views, places: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """(N, M) of the images at ``places`` and captions (M, T), some images at a time."""
    rows = [objective.similarity(views.plain(dataset.test, part), tokens) for part in places.split(BATCH)]
    return torch.cat(rows)
