"""Setting up a race: data and views, objectives, encoder and training; widgets made from configuration fields."""

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

MOST = 6
COLOUR_ONLY = ("saturation", "hue", "greyscale")


def ask_race() -> RunConfig | None:
    """The whole form; None where it cannot yet be started (the reason stands in the page).

    Raises:
        ConfigError, DataError: an answer is not possible.
    """
    left, middle, right = st.columns([1.1, 1.1, 1], gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("Data and views", anchor=False)
        start, info, prefix = _ask_start()
        data, views, preview = _ask_data(info, prefix)
    with middle, st.container(border=True, height="stretch"):
        st.subheader("Objectives", anchor=False)
        members = _ask_members(info, prefix, start, views.get("shared", ()))
    with right, st.container(border=True, height="stretch"):
        st.subheader("Encoder and training", anchor=False)
        model = ask_all(ModelConfig, info.model, f"{prefix}.model")
        train = ask_all(TrainConfig, info.train, f"{prefix}.train", columns=2)
        name = st.text_input("Name", "", key="set.name", placeholder="from the data and the time", help=_help("name"))
    if not members:
        st.warning("Choose at least one objective.", icon=":material/touch_app:")
        return None
    if len(members) > MOST:
        st.warning(
            f"At most {MOST} objectives race at once; take {len(members) - MOST} away.", icon=":material/groups:"
        )
        return None
    with preview:
        view_preview.views(info, views)  # last: loading a data set must not hold the rest of the form back
    parts = {"data": (DataConfig, data), "views": (ViewConfig, views), "model": (ModelConfig, model)}
    parsed = {part: parse(kind, values, part) for part, (kind, values) in parts.items()}
    parsed["train"] = parse(TrainConfig, train, "training")
    return parse(RunConfig, {"name": name, "members": members, **parsed}, "race")


def _help(field: str) -> str:
    return RunConfig.model_fields[field].description or ""


def _ask_start() -> tuple[presets.Preset | None, DatasetInfo, str]:
    """A data set with the lab's settings, or a preset; with the keys' prefix, so that each keeps its own answers."""
    titles = {name: catalog.info(name).title for name in catalog.names()}
    titles |= {name: kept.title for name, kept in presets.NAMED.items()}
    name = st.selectbox("Data set", list(titles), format_func=titles.get, key="set.data", persist_state="session")
    start = presets.NAMED.get(name)
    info = start.info if start else catalog.info(name)
    layout.caption(f"{start.description} {start.expected}" if start else info.description)
    return start, info, f"set.{name}"


def _ask_data(info: DatasetInfo, prefix: str) -> tuple[dict[str, Any], dict[str, Any], DeltaGenerator]:
    asked = [field for field in DataConfig.model_fields if field not in ("name", "root")]
    if not info.own_files:
        asked.remove("path")
    views = _ask_views(info, f"{prefix}.views")
    preview = st.container()
    with fold("How much data", f"{prefix}.data.fold") as seen:
        data = ask_all(DataConfig, {}, f"{prefix}.data", asked, shown=seen)
    return {"name": info.name, **data}, views, preview


def _ask_views(info: DatasetInfo, prefix: str) -> dict[str, Any]:
    if info.procedural:
        answers = ask_all(ViewConfig, info.views, prefix, ("count", "shared"), {"shared": info.factors})
        layout.caption("What two views share is the *content*; all the rest is drawn anew: the *style*.")
    else:
        grey = info.shape[0] == 1
        with fold("How views are made", f"{prefix}.fold") as seen:
            hidden = {"shared", *(COLOUR_ONLY if grey else ())}
            answers = ask_all(ViewConfig, info.views, prefix, set(ViewConfig.model_fields) - hidden, shown=seen)
    return answers


def _ask_members(info: DatasetInfo, prefix: str, start: presets.Preset | None, shared: Collection[str]) -> list[dict]:
    kinds = registry.registry()
    chosen: list[str] = []
    for family in ("generative", "discriminative", "reference"):
        names = [name for name, kind in kinds.items() if kind.family == family]
        chosen += st.pills(
            family.capitalize(),
            names,
            selection_mode="multi",
            default=[name for name in names if kinds[name].first_race],
            format_func=lambda name: kinds[name].title,
            key=f"set.{family}",
            help=FAMILIES[family],
            persist_state="session",
        )
    layout.caption("They train on the very same views, side by side, so that what differs is the objective alone.")
    usual = {name: presets.with_recommended_settings(info.name, name, start, shared).settings for name in chosen}
    return [{"objective": name, "settings": _settings(f"{prefix}.{name}", usual[name], kinds[name])} for name in chosen]


FAMILIES = {
    "generative": "They have a decoder and explain the image: all of it, style included.",
    "discriminative": "They tell data apart without drawing them: style may be thrown away.",
    "reference": "Not trained, or trained with labels: the floor and the ceiling.",
}


def _settings(prefix: str, usual: dict[str, Any], kind: type) -> dict[str, Any]:
    if not kind.Config.model_fields:
        return dict(usual)
    with fold(f"Settings of {kind.title}", f"{prefix}.fold") as seen:
        answers = ask_all(kind.Config, usual, prefix, shown=seen)
    return {field: value for field, value in answers.items() if _differs(kind, field, value) or field in usual}


def _differs(kind: type, field: str, value: Any) -> bool:
    return value != kind.Config.model_fields[field].get_default(call_default_factory=True)


def summary(config: RunConfig) -> str:
    """The race in one sentence."""
    objectives = _listed(member.label for member in config.members)
    limit = f", at most {config.train.seconds:g} s" if config.train.seconds else ""
    return (
        f"{objectives} on {config.views.count} views of {catalog.info(config.data.name).title}: "
        f"{config.model.encoder}, {config.model.width} dimensions, {config.train.steps:,} steps{limit}."
    )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
