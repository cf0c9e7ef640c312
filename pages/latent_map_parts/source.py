"""Reads a run's map for the page. Results are cached until the files change; they are shared: never change them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.components.latent_map.latent_map import Panel
from simssl_core.analysis import latent_map
from simssl_core.figures.map_colours import GREY, Colouring, by_class, by_factor, by_instance
from simssl_core.figures.theme import objective_colour
from simssl_core.storage import map_files

if TYPE_CHECKING:
    import pandas as pd

CONTENT, INSTANCE = "content", "instance"


@dataclass(frozen=True)
class Points:
    """A run's points."""

    table: pd.DataFrame  # one row for each point
    facts: bytes  # label, instance and every factor as float32, one column after the other, for the browser
    factors: tuple[dict[str, Any], ...]  # a description of each factor
    group: str  # equal in two runs when point k is the same image in both

    def factor(self, name: str) -> dict[str, Any] | None:
        """The description of factor ``name``; None where these points have no such factor."""
        return next((factor for factor in self.factors if factor["name"] == name), None)

    @property
    def circular(self) -> frozenset[str]:
        """The factors that are angles."""
        return frozenset(factor["name"] for factor in self.factors if factor["kind"] == "circular")

    @property
    def images(self) -> np.ndarray:
        """True where a point is a held-out image and not one of the many views of an instance cloud."""
        return self.table["instance"].to_numpy() < 0


def stamp(run_map: latent_map.RunMap) -> int:
    """The time (ns) at which the map's files last changed: a key for the caches below."""
    return max((run_map.folder / "map" / name).stat().st_mtime_ns for name in (map_files.INFO, map_files.POINTS))


@st.cache_resource(max_entries=16, show_spinner=False)
def points(_run_map: latent_map.RunMap, folder: str, modified: int) -> Points:
    """The points of one run, with the factors of which at least one value is known."""
    table = latent_map.read_points(_run_map)
    descriptions = {factor["name"]: factor for factor in _run_map.record.dataset.factors}
    names = [name for name in latent_map.factor_names(table) if table[name].notna().any()]
    factors = tuple(_factor(name, descriptions.get(name), table[name].to_numpy(float)) for name in names)
    columns = [table["label"], table["instance"], *(table[name] for name in names)]
    facts = np.stack([column.to_numpy("<f4") for column in columns]).tobytes()
    return Points(table, facts, factors, latent_map.points_id(table))


@st.cache_resource(max_entries=16, show_spinner=False)
def frames(
    _run_map: latent_map.RunMap, kind: str, folder: str, steps: tuple[int, ...], modified: int
) -> tuple[bytes, list[float], list[float]]:
    """Every layout of one run as :func:`simssl_core.analysis.latent_map.quantise` packs it for the browser."""
    return latent_map.quantise(latent_map.read_layouts(_run_map, kind))


@st.cache_resource(max_entries=16, show_spinner=False)
def images(_run_map: latent_map.RunMap, folder: str, modified: int) -> np.ndarray:
    """The points' images, uint8 (N, H, W, 3)."""
    return latent_map.read_images(_run_map)


@st.cache_resource(max_entries=16, show_spinner=False)
def sheet(_run_map: latent_map.RunMap, folder: str, modified: int) -> bytes:
    """The sprite sheet of the points' images, a WebP file."""
    return map_files.sheet(_run_map.run, _run_map.folder.parent)


def colours(points: Points, classes: tuple[str, ...], colour_by: str) -> tuple[Colouring, bool]:
    """The colouring by content, instance, or a factor's name (grey where this run does not have that factor).

    The second value is True where only the views in the instance clouds have a colour, so that they must be drawn:
    photographs have no crop or flip until they are augmented.
    """
    if colour_by == INSTANCE:
        colouring = by_instance(points.table["instance"].to_numpy())
    elif colour_by == CONTENT:
        colouring = by_class(points.table["label"].to_numpy(), classes)
    elif points.factor(colour_by) is None:
        colouring = by_class(np.full(len(points.table), -1), ())
    else:
        values = points.table[colour_by].to_numpy(float)
        colouring = by_factor(values, colour_by, points.factor(colour_by))
    coloured = colouring.codes != GREY
    return colouring, bool(coloured.any() and not coloured[points.images].any())


def panel(run_map: latent_map.RunMap, kind: str, colour_by: str) -> Panel:
    """Everything that one panel of the map component needs."""
    folder, modified = str(run_map.folder), stamp(run_map)
    run_points = points(run_map, folder, modified)
    record = run_map.record
    colouring, views_only = colours(run_points, record.dataset.classes, colour_by)
    return Panel(
        run_map=run_map,
        title=record.label,
        note=f"{record.dataset.title} · {run_map.run}",
        hue=objective_colour(record.objective),
        group=run_points.group,
        kind=kind,
        frames=frames(run_map, kind, folder, run_map.steps, modified),
        facts=run_points.facts,
        factors=run_points.factors,
        sheet=sheet(run_map, folder, modified),
        colouring=colouring,
        views_only=views_only,
    )


def _factor(name: str, described: dict[str, Any] | None, values: np.ndarray) -> dict[str, Any]:
    """The description of a factor for the browser: what the data set says of it, else a continuous factor."""
    finite = values[np.isfinite(values)]
    default = {"kind": "continuous", "low": float(finite.min()), "high": float(finite.max()), "classes": []}
    described = {key: value for key, value in (described or {}).items() if key in default}
    classes = list(described.get("classes", []))
    return default | described | {"name": name, "title": name.replace("_", " "), "classes": classes}
