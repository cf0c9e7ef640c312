"""Looking up in the representation itself what lies next to an image: one of the map's, or one that a person draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components.drawing_pad import drawing_pad
from pages.components.latent_map.latent_map import Links
from pages.shared.explorers import open_explorer_of
from pages.shared.layout import caption
from simssl_core.errors import LabError
from simssl_core.figures.pictures import channels_last, png, tile
from simssl_core.latent.drawing import as_input

if TYPE_CHECKING:
    from pages.components.latent_map.latent_map import Panel
    from simssl_core.analysis.latent_map import RunMap

PAD, NEAR, PLACED = "map_pad", 12, 5


@dataclass(frozen=True)
class Neighbours:
    """What lies near: rows of the map's points, nearest first, and how far (Euclidean)."""

    near: np.ndarray
    distance: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """Of the first few: a nearer one counts more."""
        inverse = 1 / np.maximum(self.distance[:PLACED], 1e-6)
        return inverse / inverse.sum()


def of_point(shown: RunMap, point: int) -> Neighbours | None:
    """The held-out images nearest to one of the map's points in the run's representation, without itself."""
    explorer = _explorer(shown)
    return None if explorer is None else _found(explorer, explorer.latents[point], without=point)


def links(shown: Sequence[RunMap], selection: object, drawing: np.ndarray | None) -> list[Links | None]:
    """What each map draws between an image and its neighbours: the drawn one first, else a single selected point."""
    told = selection if isinstance(selection, dict) else {}
    points = told.get("points")
    single = points[0] if isinstance(points, list) and len(points) == 1 and isinstance(points[0], int) else None
    answers = []
    for one in shown:
        answer = None
        if drawing is not None and takes_drawings(one):
            answer = _of_drawing(one, drawing)
        elif single is not None and 0 <= single < one.count:
            found = of_point(one, single)
            answer = found and Links(single, found.near[:NEAR].tolist(), [], None)
        answers.append(answer)
    return answers


def takes_drawings(shown: RunMap) -> bool:
    """Whether a stroke of the pointer can look like one of the run's images: grey ones only."""
    return shown.record.dataset.shape[0] == 1


def draw_your_own(panels: Sequence[Panel], drawing: np.ndarray | None) -> None:
    """The sheet to draw on and, once something is on it, what each map takes it for."""
    able = [panel for panel in panels if takes_drawings(panel.shown)]
    if not able:
        return
    with st.expander("Draw your own", icon=":material/draw:", expanded=drawing is not None):
        drawing_pad.drawing_pad(PAD, coloured=False)
        for panel in able if drawing is not None else ():
            _told(panel.shown, panel.title, drawing)
        caption(
            f"Each run’s encoder (newest weights) reads your drawing. The map puts it at the mean of its {PLACED} "
            "nearest images in the representation; nearer ones count more."
        )


def _told(shown: RunMap, title: str, drawing: np.ndarray) -> None:
    explorer = _explorer(shown)
    if explorer is None:
        return
    try:
        image = as_input(drawing, tuple(shown.record.dataset.shape), shown.record.dataset.name)
    except LabError as error:
        st.caption(str(error))
        return
    near = _near_drawing(explorer, image).near[:8]
    names = [explorer.gallery.name(int(k)) for k in near if explorer.gallery.name(int(k))]
    common = max(set(names), key=names.count) if names else ""
    said = f" — {names.count(common)} of {len(near)} are “{common}”" if common else ""
    st.markdown(f"**Nearest to it for {title}**{said}")
    pictures = np.concatenate([image[None], explorer.gallery.images[near]])
    scale = max(1, 32 // max(pictures.shape[2:]))
    st.image(
        png(tile(channels_last(pictures), len(pictures), gap=2, scale=scale)),
        width="stretch",
        alt=f"{len(pictures)} images",
    )


def _of_drawing(shown: RunMap, drawing: np.ndarray) -> Links | None:
    explorer = _explorer(shown)
    if explorer is None:
        return None
    try:
        image = as_input(drawing, tuple(shown.record.dataset.shape), shown.record.dataset.name)
    except LabError:
        return None
    found = _near_drawing(explorer, image)
    scale = max(1, 40 // max(image.shape[1:]))
    picture = png(tile(channels_last(image[None]), 1, gap=0, scale=scale))
    return Links(-1, found.near[:PLACED].tolist(), found.weights.tolist(), picture)


def _near_drawing(explorer, image: np.ndarray) -> Neighbours:
    import torch

    return _found(explorer, torch.as_tensor(explorer.encoder(image[None]))[0])


def _found(explorer, z, without: int = -1) -> Neighbours:
    near = explorer.nearest(z[None], NEAR + 1)[0]
    near = near[near != without][:NEAR]
    return Neighbours(near, (explorer.latents[near] - z).norm(dim=1).numpy())


def _explorer(shown: RunMap):
    """The run with its weights; None where they cannot be had (a run that is only now being saved)."""
    try:
        explorer = open_explorer_of(shown.folder)
    except (LabError, OSError):
        return None
    return explorer if len(explorer.gallery) == shown.count else None
