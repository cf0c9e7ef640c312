"""Free points in the plane that an objective's own gradients move, as a component: all of it runs in the browser."""

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
    pace: float,
    colours: dict[str, str],
    classes: Sequence[str],
) -> None:
    """Draw it. ``objectives``: name, title, roles, settings and knobs of each; ``experiments``: what each switches off.

    ``start``: the objective or experiment that it opens with. ``pace``: steps a second. ``colours`` by role,
    ``classes``: a colour for each datum.
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
