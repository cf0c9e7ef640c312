"""The live part of the Train page: status, controls, moving maps, charts, and the knobs of a running race."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.components.live_board import live_board
from pages.components.mini_maps import mini_maps
from pages.shared import layout, registry, resume
from pages.train_parts import charts, queue, snapshots, watchers
from pages.train_parts.form import dial, field_label, is_live
from simssl_core.config import TrainConfig
from simssl_core.figures.theme import class_colours
from simssl_core.jobs import launcher, status


def show_race(race_name: str, was_live: bool) -> None:
    """Draw the present state of the race; called repeatedly while it is under way. When it ends, the page reruns."""
    with layout.guard():
        snapshot = snapshots.read(race_name)
        watchers.seconds_until_next_look(race_name)
        if (snapshot.status in layout.LIVE) != was_live:
            st.rerun()
        _status(snapshot)
        _maps(snapshot)
        sections, marks = charts.charts(snapshot.stamp, snapshot)
        live_board.live_board(sections, marks, total=snapshot.row.steps, key=f"board.{race_name}", live=was_live)


def _status(snapshot: snapshots.Snapshot) -> None:
    left, right = st.columns([1, 1], vertical_alignment="center")
    with left:
        layout.status_line(snapshot.status)
    with right:
        _controls(snapshot)
    if snapshot.row.reason and snapshot.status in ("failed", "stopped", "interrupted"):
        st.error(snapshot.row.reason, icon=":material/error:")
    for member in snapshot.members:
        if member.status == "failed" and member.reason:
            st.error(f"**{member.label}** stopped: {member.reason}", icon=":material/error:")
    if snapshot.status == "queued":
        queue.show_position(snapshot.row.race)
        return
    if snapshot.status == "starting" or not snapshot.row.step:
        st.progress(0.0, "Starting: loading data…" if snapshot.status in layout.LIVE else "No step was trained.")
        return
    st.progress(min(1.0, snapshot.row.step / max(1, snapshot.row.steps)), _progress(snapshot))
    for member in snapshot.members:
        if reason := snapshots.collapse_reason(snapshot, member):
            st.warning(
                f"**{member.label}** has collapsed: {reason}, so nearly all images share one representation. "
                "Strengthen its push, or lower the learning rate.",
                icon=":material/compress:",
            )


def _progress(snapshot: snapshots.Snapshot) -> str:
    parts = [f"step {snapshot.row.step:,} of {snapshot.row.steps:,}", f"{_duration(snapshot.row.seconds)} trained"]
    speed = snapshot.newest("views_per_second")
    left = snapshots.seconds_left(snapshot)
    if snapshot.status == "training" and not left:
        parts.append("the last step is done; taking final measurements…")
    elif snapshot.status == "training" and speed:
        parts.append(f"{max(speed):,.0f} views/s")
    if left and snapshot.status in ("training", "paused"):
        parts.append(f"about {_duration(left)} left")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 100:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _controls(snapshot: snapshots.Snapshot) -> None:
    race_name = snapshot.row.race
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right", gap="small"):
        if snapshot.status in ("training", "starting", "stalled"):
            _button("Pause", "pause", launcher.pause, race_name, "Pausing…")
        if snapshot.status == "paused":
            _button("Resume", "play_arrow", launcher.resume, race_name, "Resuming…", primary=True)
        if snapshot.status in status.RESUMABLE:
            _button("Resume", "play_arrow", launcher.resume, race_name, "Starting again…", primary=True, rerun=True)
        if snapshot.status in layout.LIVE and snapshot.status != "queued":
            _button("Stop", "stop", launcher.stop, race_name, "Stopping: saving what was learnt…")
        if snapshot.status == "finished" and resume.can_resume([member.run for member in snapshot.members]):
            resume.train_on_button(race_name, snapshot.row.step)
        if snapshot.status not in layout.LIVE and snapshot.members:
            layout.link("pages/latent_map.py", "See the map", "scatter_plot", {"runs": snapshot.members[0].run})
            layout.link("pages/compare.py", "Compare", "query_stats")


def _button(
    label: str,
    icon: str,
    action: Callable[[str], object],
    race_name: str,
    toast: str,
    primary: bool = False,
    rerun: bool = False,
) -> None:
    """A button that calls ``action(race_name)``, shows ``toast`` and, with ``rerun``, reruns the whole page."""
    kind = "primary" if primary else "secondary"
    if st.button(label, icon=f":material/{icon}:", type=kind, key=f"{label}.{race_name}"):
        with layout.guard():
            action(race_name)
            st.toast(toast)
            if rerun:
                st.rerun()


def _maps(snapshot: snapshots.Snapshot) -> None:
    mini_maps.mini_maps(
        charts.small_maps(snapshot),
        class_colours(10),
        key=f"maps.{snapshot.row.race}",
        live=snapshot.status in layout.LIVE,
    )
    layout.caption("Held-out images in each representation (UMAP), coloured by class; they move as the encoder learns.")


@st.fragment
def knobs(race_name: str) -> None:
    """Show what can be changed while the race trains: the learning rate of all members and their live settings."""
    with layout.guard():
        snapshot = snapshots.read(race_name)
        st.markdown("**Live knobs**")
        layout.caption("A change reaches the running race within a second and leaves a mark on every chart.")
        changed = _changed_values(snapshot)
        with st.grid("auto", min_column_width=230):
            rate = changed.get((None, "learning_rate"), snapshot.config.train.learning_rate)
            _knob(race_name, None, "learning_rate", TrainConfig, rate)
            for member in snapshot.config.members:
                model = registry.registry()[member.objective].Config
                for field, info in model.model_fields.items():
                    if is_live(info):
                        start = member.settings.get(field, info.get_default(call_default_factory=True))
                        value = changed.get((member.label, field), changed.get((None, field), start))
                        _knob(race_name, member.label, field, model, value)


def _changed_values(snapshot: snapshots.Snapshot) -> dict[tuple[str | None, str], Any]:
    """The latest value, by (member label or None for all, field), of every knob that was changed so far."""
    changes = [event for event in snapshot.events if event.kind == "change"]
    return {(event.data.get("member"), event.data.get("name")): event.data.get("new") for event in changes}


def _knob(race_name: str, label: str | None, field: str, model: type, value: Any) -> None:
    """One knob; a new answer is sent to the running race. ``label`` None changes all members."""
    title = f"{label}: {field_label(field).lower()}" if label else field_label(field)
    key = f"knob.{race_name}.{label}.{field}"
    start = st.session_state.setdefault(f"{key}.start", value)  # keeps the slider's steps the same at every rerun
    last_sent = st.session_state.setdefault(f"{key}.sent", value)
    answer = dial(field, model.model_fields[field], start, key, title)
    if answer is not None and answer != last_sent:
        st.session_state[f"{key}.sent"] = answer
        with layout.guard():
            launcher.change(race_name, label, field, answer)
            st.toast(f"{title} → {answer:g}" if isinstance(answer, float) else f"{title} → {answer}")
