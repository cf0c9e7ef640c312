"""Colours of a map's points: a code (0-255) for each point, a palette, and a legend that says what the colours mean.

Ten classes have ten colours; further classes take the same colours with another mark, so that they stay tellable apart
without colour vision. Numbers run through Viridis, angles round a ring of blue, pale green, orange and dark purple: its
two axes (blue-orange and light-dark) are the two that every kind of colour vision has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simssl_core.figures.theme import class_colours

GREY = 255
LEVELS = 251
COLOURS, MARKS = 10, 4
# Viridis (Smith and van der Walt 2015) at nine places, without its darkest end, which a dark page would swallow.
SCALE = ("#46327E", "#3F4B8A", "#365C8D", "#277F8E", "#1FA187", "#4AC16D", "#8FD744", "#CDE11D", "#FDE725")
RING = ("#2F6FC4", "#7FB5B8", "#A9D3A0", "#D9B25E", "#E0782B", "#A94F46", "#69356B", "#4A4A9C")


@dataclass(frozen=True)
class Colouring:
    """``codes`` uint8 (N,), 255 = no value (grey); ``palette[code]`` a colour; ``marks[code]`` 0 disc, 1 square,
    2 triangle, 3 diamond; ``legend`` as the map component draws it."""

    codes: np.ndarray
    palette: tuple[str, ...]
    legend: dict[str, Any]
    marks: tuple[int, ...] = field(default=())

    def hexes(self) -> list[str]:
        """The colour of every point, for figures that take one colour each."""
        full = np.array([*self.palette, *["#8B95A1"] * (256 - len(self.palette))])
        return full[self.codes].tolist()


def by_class(labels: np.ndarray, names: Sequence[str]) -> Colouring:
    """Colour by content. ``labels`` int (N,); negative ones, and those past the 250th, are grey."""
    labels = np.asarray(labels, int)
    codes = np.where((labels >= 0) & (labels < LEVELS - 1), labels, GREY).astype(np.uint8)
    present = sorted(set(codes.tolist()) - {GREY})
    top = max(present, default=-1) + 1
    title = lambda k: str(names[k]) if k < len(names) else f"class {k}"  # noqa: E731
    items = [{"name": title(k), "code": k} for k in present]
    colours = class_colours(COLOURS)
    return Colouring(
        codes,
        tuple(colours[k % COLOURS] for k in range(top)),
        {"kind": "classes", "title": "Content" if items else "No labels", "items": items},
        tuple(k // COLOURS % MARKS for k in range(top)),
    )


def by_number(values: np.ndarray, title: str, low: float | None = None, high: float | None = None) -> Colouring:
    """Colour by a number (N,), from ``low`` to ``high`` or over the values' own range; NaN is grey."""
    values = np.asarray(values, float)
    known = np.isfinite(values)
    if low is None or high is None or not high > low:
        low, high = (float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 1.0)
    part = np.clip((np.nan_to_num(values) - low) / max(high - low, 1e-12), 0, 1)
    codes = np.where(known, np.round(part * (LEVELS - 1)), GREY).astype(np.uint8)
    legend = {"kind": "scale", "title": title, "low": f"{low:.3g}", "high": f"{high:.3g}"}
    return Colouring(codes, _blend(SCALE, LEVELS, closed=False), legend)


def by_angle(values: np.ndarray, title: str) -> Colouring:
    """Colour by an angle in radians (N,), so that 0° and 360° look the same; NaN is grey."""
    values = np.asarray(values, float)
    turn = np.nan_to_num(values) / (2 * np.pi) % 1
    codes = np.where(np.isfinite(values), np.floor(turn * LEVELS), GREY).astype(np.uint8)
    legend = {"kind": "circle", "title": title, "note": "0° on top, clockwise"}
    return Colouring(codes, _blend(RING, LEVELS, closed=True), legend)


def by_instance(instance: np.ndarray) -> Colouring:
    """Colour by datum where a point is one of its many views (``instance`` ≥ 0); all other points are grey."""
    instance = np.asarray(instance, int)
    codes = np.where((instance >= 0) & (instance < LEVELS - 1), instance, GREY).astype(np.uint8)
    images = sorted(set(codes.tolist()) - {GREY})
    views = round(float((codes != GREY).sum()) / max(1, len(images)))
    colours = class_colours(COLOURS)
    top = max(images, default=-1) + 1
    note = (
        f"{len(images)} images, {views} views of each; an ellipse is two standard deviations"
        if images
        else "none in this map"
    )
    return Colouring(
        codes,
        tuple(colours[k % COLOURS] for k in range(top)),
        {"kind": "instances", "title": "Instance clouds", "note": note},
        tuple(k // COLOURS % MARKS for k in range(top)),
    )


def by_factor(values: np.ndarray, name: str, about: dict[str, Any] | None) -> Colouring:
    """Colour by a factor, the way its kind asks for: a scale, a ring, or a colour for each of its classes.

    ``about`` is the factor's description (``kind``, ``low``, ``high``, ``classes``), None where nothing is known.
    """
    about, title = about or {}, name.replace("_", " ")
    if about.get("kind") == "circular":
        return by_angle(values, title)
    if about.get("kind") == "discrete" and about.get("classes"):
        labels = np.where(np.isfinite(values), np.round(np.nan_to_num(values)), -1)
        coloured = by_class(labels, about["classes"])
        return Colouring(coloured.codes, coloured.palette, coloured.legend | {"title": title}, coloured.marks)
    return by_number(values, title, about.get("low"), about.get("high"))


def _blend(stops: Sequence[str], count: int, closed: bool) -> tuple[str, ...]:
    rgb = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops], float)
    rgb = np.vstack([rgb, rgb[:1]]) if closed else rgb
    at = np.linspace(0, len(rgb) - 1, count, endpoint=not closed)
    mixed = np.stack([np.interp(at, np.arange(len(rgb)), rgb[:, c]) for c in range(3)], 1).round().astype(int)
    return tuple(f"#{r:02X}{g:02X}{b:02X}" for r, g, b in mixed)
