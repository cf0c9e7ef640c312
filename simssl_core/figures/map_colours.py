"""Colours of a map's points: a code (0-255) for each point, a palette, and a legend that explains the colours.

Ten classes have ten colours; further classes repeat the colours with another mark, so that they can be told apart
without colour vision. Numbers are coloured by Viridis, angles by a ring of blue, pale green, orange and dark purple:
its two axes (blue-orange and light-dark) are the two that every kind of colour vision distinguishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simssl_core.figures.theme import class_colours

GREY = 255
LEVELS = 251
COLOURS, MARKS = 10, 4
# Viridis (Smith and van der Walt 2015) at nine places, without its darkest end, which could not be seen on a dark page.
SCALE = ("#46327E", "#3F4B8A", "#365C8D", "#277F8E", "#1FA187", "#4AC16D", "#8FD744", "#CDE11D", "#FDE725")
RING = ("#2F6FC4", "#7FB5B8", "#A9D3A0", "#D9B25E", "#E0782B", "#A94F46", "#69356B", "#4A4A9C")


@dataclass(frozen=True)
class Colouring:
    """The colours and marks of a map's points.

    Attributes:
        codes: uint8 (N,), one for each point; 255: no value (grey).
        palette: the colour of each code, #RRGGBB.
        legend: the legend, in the form that the map component draws.
        marks: the mark of each code: 0 disc, 1 square, 2 triangle, 3 diamond.
    """

    codes: np.ndarray
    palette: tuple[str, ...]
    legend: dict[str, Any]
    marks: tuple[int, ...] = field(default=())

    def hexes(self) -> list[str]:
        """The colour of every point, for figures that need one colour per point."""
        all_colours = np.array([*self.palette, *["#8B95A1"] * (256 - len(self.palette))])
        return all_colours[self.codes].tolist()


def by_class(labels: np.ndarray, names: Sequence[str]) -> Colouring:
    """Colour by content. ``labels`` int (N,); negative labels, and those from 250 on, are grey."""
    labels = np.asarray(labels, int)
    codes = np.where((labels >= 0) & (labels < LEVELS - 1), labels, GREY).astype(np.uint8)
    present = sorted(set(codes.tolist()) - {GREY})
    items = [{"name": str(names[code]) if code < len(names) else f"class {code}", "code": code} for code in present]
    legend = {"kind": "classes", "title": "Content" if items else "No labels", "items": items}
    count = max(present, default=-1) + 1
    return Colouring(codes, _class_palette(count), legend, _class_marks(count))


def by_number(values: np.ndarray, title: str, low: float | None = None, high: float | None = None) -> Colouring:
    """Colour by a number (N,), from ``low`` to ``high`` or over the range of ``values``; NaN is grey."""
    values = np.asarray(values, float)
    finite = np.isfinite(values)
    if low is None or high is None or not high > low:
        low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 1.0)
    fraction = np.clip((np.nan_to_num(values) - low) / max(high - low, 1e-12), 0, 1)
    codes = np.where(finite, np.round(fraction * (LEVELS - 1)), GREY).astype(np.uint8)
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
    """Colour views by their datum: ``instance`` int (N,) is its number; all other points (below 0) are grey."""
    instance = np.asarray(instance, int)
    codes = np.where((instance >= 0) & (instance < LEVELS - 1), instance, GREY).astype(np.uint8)
    images = sorted(set(codes.tolist()) - {GREY})
    view_count = round(float((codes != GREY).sum()) / max(1, len(images)))
    note = "none in this map"
    if images:
        note = f"{len(images)} images, {view_count} views of each; an ellipse is two standard deviations"
    count = max(images, default=-1) + 1
    legend = {"kind": "instances", "title": "Instance clouds", "note": note}
    return Colouring(codes, _class_palette(count), legend, _class_marks(count))


def by_factor(values: np.ndarray, name: str, description: dict[str, Any] | None) -> Colouring:
    """Colour by a factor according to its kind: a scale, a ring, or one colour for each of its classes.

    ``description`` has the factor's ``kind``, ``low``, ``high`` and ``classes``; None if there is no description.
    """
    description = description or {}
    title = name.replace("_", " ")
    if description.get("kind") == "circular":
        return by_angle(values, title)
    if description.get("kind") == "discrete" and description.get("classes"):
        labels = np.where(np.isfinite(values), np.round(np.nan_to_num(values)), -1)
        colouring = by_class(labels, description["classes"])
        return replace(colouring, legend=colouring.legend | {"title": title})
    return by_number(values, title, description.get("low"), description.get("high"))


def _class_palette(count: int) -> tuple[str, ...]:
    colours = class_colours(COLOURS)
    return tuple(colours[code % COLOURS] for code in range(count))


def _class_marks(count: int) -> tuple[int, ...]:
    return tuple(code // COLOURS % MARKS for code in range(count))


def _blend(stops: Sequence[str], count: int, closed: bool) -> tuple[str, ...]:
    """``count`` colours interpolated linearly between ``stops`` in RGB; ``closed``: back to the first stop."""
    rgb = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops], float)
    rgb = np.vstack([rgb, rgb[:1]]) if closed else rgb
    at = np.linspace(0, len(rgb) - 1, count, endpoint=not closed)
    mixed = np.stack([np.interp(at, np.arange(len(rgb)), rgb[:, c]) for c in range(3)], 1).round().astype(int)
    return tuple(f"#{r:02X}{g:02X}{b:02X}" for r, g, b in mixed)
