"""The live part of the Train page: status, controls, moving maps, charts, and the knobs of a running race."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.components.live_board import live_board
from pages.components.mini_maps import mini_maps
from pages.shared import layout, registry, resume
from pages.train_parts import charts, queue, race, watchers
from pages.train_parts.form import dial, is_live, words
from simssl_core.config import TrainConfig
from simssl_core.figures.theme import class_colours
from simssl_core.jobs import launcher, status


def live(name: str, was_live: bool) -> None:
    """Draw the race as it is now; called again and again while it is under way. When it ends, the whole page reruns."""
    with layout.guard():
        now = race.snapshot(name)
        watchers.seconds_until_next_look(name)
        if (now.status in layout.LIVE) != was_live:
            st.rerun()
        _status(now)
        _maps(now)
        live_board.live_board(*charts.charts(now.stamp, now), total=now.row.steps, key=f"board.{name}", live=was_live)


def _status(now: race.Snapshot) -> None:
    left, right = st.columns([1, 1], vertical_alignment="center")
    with left:
        layout.status_line(now.status)
    with right:
        _controls(now)
    if now.row.reason and now.status in ("failed", "stopped", "interrupted"):
        st.error(now.row.reason, icon=":material/error:")
    for member in now.members:
        if member.status == "failed" and member.reason:
            st.error(f"**{member.label}** stopped: {member.reason}", icon=":material/error:")
    if now.status == "queued":
        queue.place(now.row.race)
        return
    if now.status == "starting" or not now.row.step:
        st.progress(0.0, "Starting: loading data…" if now.status in layout.LIVE else "Not a step was trained.")
        return
    st.progress(min(1.0, now.row.step / max(1, now.row.steps)), _progress(now))
    for member in now.members:
        if signs := race.collapse(now, member):
            st.warning(
                f"**{member.label}** has collapsed: {signs}, so nearly all images share one representation. "
                "Strengthen its push, or lower the learning rate.",
                icon=":material/compress:",
            )


def _progress(now: race.Snapshot) -> str:
    parts = [f"step {now.row.step:,} of {now.row.steps:,}", f"{_time(now.row.seconds)} trained"]
    speed = now.newest("views_per_second")
    left = race.seconds_left(now)
    if now.status == "training" and not left:
        parts.append("the last step is done: final measurements…")
    elif now.status == "training" and speed:
        parts.append(f"{max(speed):,.0f} views/s")
    if left and now.status in ("training", "paused"):
        parts.append(f"about {_time(left)} left")
    return " · ".join(parts)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 100:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _controls(now: race.Snapshot) -> None:
    name = now.row.race
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right", gap="small"):
        if now.status in ("training", "starting", "stalled"):
            _button("Pause", "pause", launcher.pause, name, "Pausing…")
        if now.status == "paused":
            _button("Resume", "play_arrow", launcher.resume, name, "Going on…", primary=True)
        if now.status in status.RESUMABLE:
            _button("Resume", "play_arrow", launcher.resume, name, "Starting again…", primary=True, page=True)
        if now.status in layout.LIVE and now.status != "queued":
            _button("Stop", "stop", launcher.stop, name, "Stopping: saving what was learnt…")
        if now.status == "finished" and resume.can_resume([member.run for member in now.members]):
            resume.train_on_button(name, now.row.step)
        if now.status not in layout.LIVE and now.members:
            layout.link("pages/latent_map.py", "See the map", "scatter_plot", {"runs": now.members[0].run})
            layout.link("pages/compare.py", "Compare", "query_stats")


def _button(label: str, icon: str, act: Any, name: str, said: str, primary: bool = False, page: bool = False) -> None:
    kind = "primary" if primary else "secondary"
    if st.button(label, icon=f":material/{icon}:", type=kind, key=f"{label}.{name}"):
        with layout.guard():
            act(name)
            st.toast(said)
            if page:
                st.rerun()


def _maps(now: race.Snapshot) -> None:
    mini_maps.mini_maps(
        charts.small_maps(now), class_colours(10), key=f"maps.{now.row.race}", live=now.status in layout.LIVE
    )
    layout.caption("Held-out images in each representation (UMAP), coloured by class; they move as the encoder learns.")


@st.fragment
def knobs(name: str) -> None:
    """What may be turned while the race trains: the learning rate of all, and each objective's own live settings."""
    with layout.guard():
        now = race.snapshot(name)
        st.markdown("**Live knobs**")
        layout.caption("They change the running job within a second and leave a mark on every chart.")
        current = _current(now)
        with st.grid("auto", min_column_width=230):
            _knob(name, None, "learning_rate", TrainConfig, current.get((None, "learning_rate"), now.config.train))
            for member in now.config.members:
                kind = registry.registry()[member.objective].Config
                for field, info in kind.model_fields.items():
                    if is_live(info):
                        start = member.settings.get(field, info.get_default(call_default_factory=True))
                        value = current.get((member.label, field), current.get((None, field), start))
                        _knob(name, member.label, field, kind, value)


def _current(now: race.Snapshot) -> dict[tuple[str | None, str], Any]:
    """Where the knobs stand after all that was turned so far."""
    return {(e.data.get("member"), e.data.get("name")): e.data.get("new") for e in now.events if e.kind == "change"}


def _knob(name: str, label: str | None, field: str, model: type, value: Any) -> None:
    value = getattr(value, field) if isinstance(value, TrainConfig) else value
    title = f"{label}: {words(field).lower()}" if label else words(field)
    key = f"knob.{name}.{label}.{field}"
    start = st.session_state.setdefault(f"{key}.start", value)  # the same steps at every rerun
    before = st.session_state.setdefault(f"{key}.sent", value)
    answer = dial(field, model.model_fields[field], start, key, title)
    if answer is not None and answer != before:
        st.session_state[f"{key}.sent"] = answer
        with layout.guard():
            launcher.change(name, label, field, answer)
            st.toast(f"{title} → {answer:g}" if isinstance(answer, float) else f"{title} → {answer}")
