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
    chosen: int,
) -> int | None:
    """A row of images of one sheet, in ``order``, to click on; returns the one last clicked on, or None."""
    url = serve(sheet, mimetype, f"{key}.sheet")
    data = {
        "label": label,
        "sheet": {"url": url, "cell": list(cell), "columns": columns},
        "order": list(order),
        "names": list(names),
        "chosen": chosen,
    }
    picked = _STRIP(key=key, data=data, on_chosen_change=listen).chosen
    return picked if isinstance(picked, int) else None
