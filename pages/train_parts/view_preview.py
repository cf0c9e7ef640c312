"""A preview of views: a few data of a data set, J views each, under given view settings."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from pages.shared import layout
from simssl_core.config import DataConfig, ViewConfig, parse
from simssl_core.data.catalog import DatasetInfo
from simssl_core.errors import LabError

DATA, VIEWS = 8, 3  # number of data in the preview, and the largest number of views of each


def show_views(info: DatasetInfo, answers: dict[str, Any]) -> None:
    """Show one column per datum with its views below one another; nothing for a data set of the visitor's own files."""
    if info.own_files:
        return
    try:
        config = parse(ViewConfig, answers, "views")
        picture = _preview_picture(info.name, config.model_dump_json())
    except LabError as error:
        st.warning(str(error), icon=":material/image_not_supported:")
        return
    st.image(picture, width="stretch", alt=f"{info.title}: one datum per column, its views below one another")
    layout.caption(f"{DATA} data with {min(VIEWS, config.count)} views each; views in one column count as the same.")


@st.cache_data(show_spinner="Drawing some views…", max_entries=64)
def _preview_picture(dataset_name: str, view_config: str) -> bytes:
    """A PNG of the preview; ``view_config`` is a ViewConfig as JSON."""
    import torch

    from simssl_core.data import catalog
    from simssl_core.data.view_maker import make_views
    from simssl_core.figures.pictures import channels_last, png, tile

    settings = ViewConfig(**json.loads(view_config))
    dataset = catalog.load(DataConfig(name=dataset_name, train=64, test=64))
    generator = torch.Generator().manual_seed(0)
    view_maker = make_views(dataset, settings)
    views = view_maker(dataset.test, torch.arange(DATA), generator, min(VIEWS, settings.count))
    images = channels_last(views.images.flatten(0, 1).numpy())
    return png(tile(images, DATA, gap=2, scale=max(1, 64 // images.shape[1])))
