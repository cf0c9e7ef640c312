"""The nearest neighbours of an image in the whole representation: of one on the map, or of one that a person draws."""

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
    from torch import Tensor

    from pages.components.latent_map.latent_map import Panel
    from simssl_core.analysis.explorer import Explorer
    from simssl_core.analysis.latent_map import RunMap

PAD = "map_pad"
NEAR = 12  # neighbours that a map links to an image
PLACED = 5  # neighbours whose mean is the place of a drawing
PICTURED = 8  # neighbours shown beside a drawing


@dataclass(frozen=True)
class Neighbours:
    """``near``: the neighbours' rows in the map's points, nearest first; ``distance``: their Euclidean distances."""

    near: np.ndarray
    distance: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """The weights of the first ``PLACED`` neighbours, by inverse distance; their sum is 1."""
        inverse = 1 / np.maximum(self.distance[:PLACED], 1e-6)
        return inverse / inverse.sum()


def of_point(run_map: RunMap, point: int) -> Neighbours | None:
    """The held-out images nearest to one of the map's points in the run's representation, without the point itself.

    None where the run's weights cannot be read.
    """
    explorer = _explorer(run_map)
    return None if explorer is None else _neighbours(explorer, explorer.latents[point], without=point)


def links(run_maps: Sequence[RunMap], selection: object, drawing: np.ndarray | None) -> list[Links | None]:
    """For each map the links from one image to its neighbours: from the drawing, else from a single selected point."""
    fields = selection if isinstance(selection, dict) else {}
    points = fields.get("points")
    single = points[0] if isinstance(points, list) and len(points) == 1 and isinstance(points[0], int) else None
    return [_links_of(run_map, single, drawing) for run_map in run_maps]


def _links_of(run_map: RunMap, point: int | None, drawing: np.ndarray | None) -> Links | None:
    if drawing is not None and takes_drawings(run_map):
        return _links_of_drawing(run_map, drawing)
    if point is None or not 0 <= point < run_map.count:
        return None
    neighbours = of_point(run_map, point)
    return None if neighbours is None else Links(point, neighbours.near[:NEAR].tolist(), [], None)


def takes_drawings(run_map: RunMap) -> bool:
    """Whether a pointer's stroke can look like one of the run's images: only where these are grey."""
    return run_map.record.dataset.shape[0] == 1


def draw_your_own(panels: Sequence[Panel], drawing: np.ndarray | None) -> None:
    """The sheet to draw on and, once there is a ``drawing``, its nearest images in each run."""
    able = [panel for panel in panels if takes_drawings(panel.run_map)]
    if not able:
        return
    with st.expander("Draw your own", icon=":material/draw:", expanded=drawing is not None):
        drawing_pad.drawing_pad(PAD, coloured=False)
        if drawing is not None:
            for panel in able:
                _show_nearest(panel.run_map, panel.title, drawing)
        caption(
            f"Each run’s encoder (newest weights) reads your drawing. The map puts it at the mean of its {PLACED} "
            "nearest images in the representation; nearer ones count more."
        )


def _show_nearest(run_map: RunMap, title: str, drawing: np.ndarray) -> None:
    """The drawing as the encoder reads it, followed by its nearest images, under the class most of them have."""
    explorer = _explorer(run_map)
    if explorer is None:
        return
    try:
        image = _as_input(run_map, drawing)
    except LabError as error:
        st.caption(str(error))
        return
    near = _neighbours_of_image(explorer, image).near[:PICTURED]
    class_names = [explorer.gallery.name(int(k)) for k in near if explorer.gallery.name(int(k))]
    common = max(set(class_names), key=class_names.count) if class_names else ""
    majority = f" — {class_names.count(common)} of {len(near)} are “{common}”" if common else ""
    st.markdown(f"**Nearest to it for {title}**{majority}")
    pictures = np.concatenate([image[None], explorer.gallery.images[near]])
    scale = max(1, 32 // max(pictures.shape[2:]))
    st.image(
        png(tile(channels_last(pictures), len(pictures), gap=2, scale=scale)),
        width="stretch",
        alt=f"{len(pictures)} images",
    )


def _links_of_drawing(run_map: RunMap, drawing: np.ndarray) -> Links | None:
    explorer = _explorer(run_map)
    if explorer is None:
        return None
    try:
        image = _as_input(run_map, drawing)
    except LabError:
        return None
    neighbours = _neighbours_of_image(explorer, image)
    scale = max(1, 40 // max(image.shape[1:]))
    picture = png(tile(channels_last(image[None]), 1, gap=0, scale=scale))
    return Links(-1, neighbours.near[:PLACED].tolist(), neighbours.weights.tolist(), picture)


def _as_input(run_map: RunMap, drawing: np.ndarray) -> np.ndarray:
    """``drawing`` as an image of the run's data set, uint8 (C, H, W). Raises LabError where it cannot be one."""
    dataset = run_map.record.dataset
    return as_input(drawing, tuple(dataset.shape), dataset.name)


def _neighbours_of_image(explorer: Explorer, image: np.ndarray) -> Neighbours:
    import torch

    return _neighbours(explorer, torch.as_tensor(explorer.encoder(image[None]))[0])


def _neighbours(explorer: Explorer, z: Tensor, without: int = -1) -> Neighbours:
    """The ``NEAR`` neighbours of the representation ``z`` (D,), leaving out the image in row ``without``."""
    near = explorer.nearest(z[None], NEAR + 1)[0]
    near = near[near != without][:NEAR]
    return Neighbours(near, (explorer.latents[near] - z).norm(dim=1).numpy())


def _explorer(run_map: RunMap) -> Explorer | None:
    """The run with its weights; None where they cannot be read or do not fit the map (the run is being saved)."""
    try:
        explorer = open_explorer_of(run_map.folder)
    except (LabError, OSError):
        return None
    return explorer if len(explorer.gallery) == run_map.count else None
