"""A row of images to choose from, as a component."""

from __future__ import annotations

from collections.abc import Sequence

from pages.components.base import component, listen, serve

_STRIP = component("image_strip")


def image_strip(
    *,
    key: str,
    label: str,
    sheet: bytes,
    mimetype: str,
    cell: tuple[int, int],
    columns: int,
    order: Sequence[int],
    names: Sequence[str],
    selected: int,
) -> int | None:
    """A row of images to click on; returns the one last clicked on, or None.

    ``sheet`` holds all images as cells of ``cell`` (height, width) pixels, ``columns`` in a row. ``order`` lists the
    cells to show, ``names`` their names, and ``selected`` is the cell that is marked.
    """
    url = serve(sheet, mimetype, f"{key}.sheet")
    data = {
        "label": label,
        "sheet": {"url": url, "cell": list(cell), "columns": columns},
        "order": list(order),
        "names": list(names),
        "chosen": selected,
    }
    clicked = _STRIP(key=key, data=data, on_chosen_change=listen).chosen
    return clicked if isinstance(clicked, int) else None
