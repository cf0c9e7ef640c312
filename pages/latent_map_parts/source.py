"""From a run's folder to what the map shows, read once, kept until the folder changes, shared and never changed."""

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
    """A run's points: their table, the same as floats for the browser, the factors' descriptions, their common name."""

    table: pd.DataFrame
    facts: bytes
    factors: tuple[dict[str, Any], ...]
    group: str

    def about(self, name: str) -> dict[str, Any] | None:
        """The description of factor ``name``."""
        return next((factor for factor in self.factors if factor["name"] == name), None)

    @property
    def circular(self) -> frozenset[str]:
        """The factors that are angles."""
        return frozenset(f["name"] for f in self.factors if f["kind"] == "circular")

    @property
    def images(self) -> np.ndarray:
        """True where a point is a held-out image and not one of the many views of an instance cloud."""
        return self.table["instance"].to_numpy() < 0


def stamp(shown: latent_map.RunMap) -> int:
    """Changes whenever the map's files do."""
    return max((shown.folder / "map" / name).stat().st_mtime_ns for name in (map_files.INFO, map_files.POINTS))


@st.cache_resource(max_entries=16, show_spinner=False)
def points(_shown: latent_map.RunMap, folder: str, when: int) -> Points:
    """The points of one run."""
    table = latent_map.read_points(_shown)
    described = {f["name"]: f for f in _shown.record.dataset.factors}
    names = [name for name in latent_map.factor_names(table) if table[name].notna().any()]
    factors = tuple(_factor(name, described.get(name), table[name].to_numpy(float)) for name in names)
    columns = [table["label"], table["instance"], *(table[name] for name in names)]
    facts = np.stack([column.to_numpy("<f4") for column in columns]).tobytes()
    return Points(table, facts, factors, latent_map.points_id(table))


@st.cache_resource(max_entries=16, show_spinner=False)
def frames(_shown: latent_map.RunMap, kind: str, folder: str, steps: tuple[int, ...], when: int):
    """Every layout of one run, quantised for the browser."""
    return latent_map.quantise(latent_map.read_layouts(_shown, kind))


@st.cache_resource(max_entries=16, show_spinner=False)
def images(_shown: latent_map.RunMap, folder: str, when: int) -> np.ndarray:
    """The points' images, uint8 (N, H, W, 3)."""
    return latent_map.read_images(_shown)


@st.cache_resource(max_entries=16, show_spinner=False)
def sheet(_shown: latent_map.RunMap, folder: str, when: int) -> bytes:
    """The sprite sheet as the browser gets it."""
    return map_files.sheet(_shown.run, _shown.folder.parent)


def colours(known: Points, classes: tuple[str, ...], by: str) -> tuple[Colouring, bool]:
    """The colouring ``by``: content, instance, or a factor's name (grey where this run does not know it).

    The second value says that only the views in the instance clouds have a colour, so that they must be drawn:
    photographs have no crop or flip until they are augmented.
    """
    if by == INSTANCE:
        coloured = by_instance(known.table["instance"].to_numpy())
    elif by == CONTENT:
        coloured = by_class(known.table["label"].to_numpy(), classes)
    elif known.about(by) is None:
        coloured = by_class(np.full(len(known.table), -1), ())
    else:
        coloured = by_factor(known.table[by].to_numpy(float), by, known.about(by))
    has = coloured.codes != GREY
    return coloured, bool(has.any() and not has[known.images].any())


def panel(shown: latent_map.RunMap, kind: str, by: str) -> Panel:
    """Everything one panel of the map component needs."""
    folder, when = str(shown.folder), stamp(shown)
    known = points(shown, folder, when)
    record = shown.record
    coloured, views_only = colours(known, record.dataset.classes, by)
    return Panel(
        shown=shown,
        title=record.label,
        note=f"{record.dataset.title} · {shown.run}",
        hue=objective_colour(record.objective),
        group=known.group,
        kind=kind,
        frames=frames(shown, kind, folder, shown.steps, when),
        facts=known.facts,
        factors=known.factors,
        sheet=sheet(shown, folder, when),
        colouring=coloured,
        views_only=views_only,
    )


def _factor(name: str, about: dict[str, Any] | None, values: np.ndarray) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    plain = {"kind": "continuous", "low": float(known.min()), "high": float(known.max()), "classes": []}
    told = {key: value for key, value in (about or {}).items() if key in plain}
    return plain | told | {"name": name, "title": name.replace("_", " "), "classes": list(told.get("classes", []))}
