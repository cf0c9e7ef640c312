"""Free points in the plane, moved by the gradients of an objective, as a component that runs in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pages.components.base import component

_PLAYGROUND = component("playground")


def playground(
    *,
    key: str,
    objectives: Sequence[dict[str, Any]],
    experiments: Sequence[dict[str, Any]],
    start: str,
    pace: dict[str, Any],
    colours: dict[str, str],
    classes: Sequence[str],
) -> None:
    """Draw the playground.

    ``objectives``: name, title, roles, settings and knobs of each. ``experiments``: the objective of each and the terms
    that it switches off. ``start``: the objective or experiment that the playground opens with. ``pace``: the knob for
    the step size. ``colours``: a colour by role; ``classes``: a colour for each datum.
    """
    data = {
        "objectives": list(objectives),
        "experiments": list(experiments),
        "start": start,
        "pace": pace,
        "colours": colours,
        "classes": list(classes),
    }
    _PLAYGROUND(key=key, data=data)
