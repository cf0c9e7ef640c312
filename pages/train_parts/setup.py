"""The form for a new race: data and views, objectives, encoder and training."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import layout, registry
from pages.train_parts import view_preview
from pages.train_parts.form import ask_all, fold
from simssl_core import presets
from simssl_core.config import DataConfig, ModelConfig, RunConfig, TrainConfig, ViewConfig, parse
from simssl_core.data import catalog
from simssl_core.data.catalog import DatasetInfo

MOST = 6  # objectives in one race
COLOUR_ONLY = ("saturation", "hue", "greyscale")


def ask_race() -> RunConfig | None:
    """Show the whole form and return its configuration; None, with the reason on the page, if it cannot start yet.

    Raises:
        ConfigError, DataError: an answer is invalid.
    """
    left, middle, right = st.columns([1.1, 1.1, 1], gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("Data and views", anchor=False)
        preset, info, prefix = _ask_dataset()
        data, views, preview = _ask_data(info, prefix)
    with middle, st.container(border=True, height="stretch"):
        st.subheader("Objectives", anchor=False)
        members = _ask_members(info, prefix, preset, views.get("shared", ()))
    with right, st.container(border=True, height="stretch"):
        st.subheader("Encoder and training", anchor=False)
        model = ask_all(ModelConfig, info.model, f"{prefix}.model")
        train = ask_all(TrainConfig, info.train, f"{prefix}.train", columns=2)
        name = st.text_input(
            "Name",
            "",
            key="set.name",
            placeholder="from the data and the time",
            help=RunConfig.model_fields["name"].description or "",
        )
    if not members:
        st.warning("Choose at least one objective.", icon=":material/touch_app:")
        return None
    if len(members) > MOST:
        st.warning(
            f"At most {MOST} objectives can train in one race; remove {len(members) - MOST}.", icon=":material/groups:"
        )
        return None
    with preview:
        view_preview.show_views(info, views)  # last, so that loading a data set does not delay the rest of the form
    parts = {
        "data": parse(DataConfig, data, "data"),
        "views": parse(ViewConfig, views, "views"),
        "model": parse(ModelConfig, model, "model"),
        "train": parse(TrainConfig, train, "training"),
    }
    return parse(RunConfig, {"name": name, "members": members, **parts}, "race")


def _ask_dataset() -> tuple[presets.Preset | None, DatasetInfo, str]:
    """The chosen preset (None for a plain data set), its data set, and a prefix of widget keys for its answers."""
    titles = {name: catalog.info(name).title for name in catalog.names()}
    titles |= {name: preset.title for name, preset in presets.NAMED.items()}
    name = st.selectbox("Data set", list(titles), format_func=titles.get, key="set.data", persist_state="session")
    preset = presets.NAMED.get(name)
    info = preset.info if preset else catalog.info(name)
    layout.caption(f"{preset.description} {preset.expected}" if preset else info.description)
    return preset, info, f"set.{name}"


def _ask_data(info: DatasetInfo, prefix: str) -> tuple[dict[str, Any], dict[str, Any], DeltaGenerator]:
    """The answers for data and for views, and the container that the preview of the views goes into."""
    fields = [field for field in DataConfig.model_fields if field not in ("name", "root")]
    if not info.own_files:
        fields.remove("path")
    views = _ask_views(info, f"{prefix}.views")
    preview = st.container()
    with fold("How much data", f"{prefix}.data.fold") as is_open:
        data = ask_all(DataConfig, {}, f"{prefix}.data", fields, visible=is_open)
    return {"name": info.name, **data}, views, preview


def _ask_views(info: DatasetInfo, prefix: str) -> dict[str, Any]:
    if info.procedural:
        answers = ask_all(ViewConfig, info.views, prefix, ("count", "shared"), {"shared": info.factors})
        layout.caption("What two views share is the *content*. All the rest is drawn anew for each view: the *style*.")
    else:
        is_grey = info.shape[0] == 1
        hidden = {"shared", *(COLOUR_ONLY if is_grey else ())}
        with fold("How views are made", f"{prefix}.fold") as is_open:
            answers = ask_all(ViewConfig, info.views, prefix, set(ViewConfig.model_fields) - hidden, visible=is_open)
    return answers


def _ask_members(info: DatasetInfo, prefix: str, preset: presets.Preset | None, shared: Collection[str]) -> list[dict]:
    """The chosen objectives, each with those settings that differ from its defaults."""
    objectives = registry.registry()
    selected: list[str] = []
    for family in ("generative", "discriminative", "reference"):
        names = [name for name, objective in objectives.items() if objective.family == family]
        selected += st.pills(
            family.capitalize(),
            names,
            selection_mode="multi",
            default=[name for name in names if objectives[name].first_race],
            format_func=lambda name: objectives[name].title,
            key=f"set.{family}",
            help=FAMILIES[family],
            persist_state="session",
        )
    layout.caption("They train side by side on the very same views, so that they differ in the objective alone.")
    recommended = {
        name: presets.with_recommended_settings(info.name, name, preset, shared).settings for name in selected
    }
    return [
        {"objective": name, "settings": _ask_settings(f"{prefix}.{name}", recommended[name], objectives[name])}
        for name in selected
    ]


FAMILIES = {
    "generative": "They have a decoder and must explain the whole image, style included.",
    "discriminative": "They tell data apart without drawing them, so they may discard style.",
    "reference": "Not trained, or trained with labels: a lower and an upper reference.",
}


def _ask_settings(prefix: str, recommended: dict[str, Any], objective: type) -> dict[str, Any]:
    """The settings of one objective that are recommended here or differ from its defaults."""
    fields = objective.Config.model_fields
    if not fields:
        return dict(recommended)
    with fold(f"Settings of {objective.title}", f"{prefix}.fold") as is_open:
        answers = ask_all(objective.Config, recommended, prefix, visible=is_open)
    defaults = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    return {name: value for name, value in answers.items() if value != defaults[name] or name in recommended}


def summary(config: RunConfig) -> str:
    """Describe the race in one sentence."""
    objectives = _list_in_words(member.label for member in config.members)
    limit = f", at most {config.train.seconds:g} s" if config.train.seconds else ""
    return (
        f"{objectives} on {config.views.count} views of {catalog.info(config.data.name).title}: "
        f"{config.model.encoder}, {config.model.width} dimensions, {config.train.steps:,} steps{limit}."
    )


def _list_in_words(names: Iterable[str]) -> str:
    """Join names: "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
