"""What the views of a data set look like under the settings at hand: a few data, J views each."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from pages.shared import layout
from simssl_core.config import DataConfig, ViewConfig, parse
from simssl_core.data.catalog import DatasetInfo
from simssl_core.errors import LabError

DATA, VIEWS = 8, 3  # data shown, and views of each at most


def views(info: DatasetInfo, answers: dict[str, Any]) -> None:
    """One column for each of a few data, its views below one another; silent where the data are not at hand."""
    if info.own_files:
        return
    try:
        config = parse(ViewConfig, answers, "views")
        picture = _drawn(info.name, config.model_dump_json())
    except LabError as error:
        st.warning(str(error), icon=":material/image_not_supported:")
        return
    st.image(picture, width="stretch", alt=f"{info.title}: one datum per column, its views below one another")
    layout.caption(f"{DATA} data, {min(VIEWS, config.count)} views each, one below the other: they count as the same.")


@st.cache_data(show_spinner="Drawing some views…", max_entries=64)
def _drawn(name: str, config: str) -> bytes:
    import torch

    from simssl_core.data import catalog
    from simssl_core.data.view_maker import make_views
    from simssl_core.figures.pictures import channels_last, png, tile

    settings = ViewConfig(**json.loads(config))
    dataset = catalog.load(DataConfig(name=name, train=64, test=64))
    generator = torch.Generator().manual_seed(0)
    made = make_views(dataset, settings)(dataset.test, torch.arange(DATA), generator, min(VIEWS, settings.count))
    images = channels_last(made.images.flatten(0, 1).numpy())
    return png(tile(images, DATA, gap=2, scale=max(1, 64 // images.shape[1])))
