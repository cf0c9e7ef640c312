"""Labelled bars as plain HTML: no chart library to load, and no flicker when the numbers change."""

from __future__ import annotations

import html
from collections.abc import Iterable

import streamlit as st

TRACK = "rgba(128,138,150,.22)"


def bars(title: str, rows: Iterable[tuple[str, float, str, str]]) -> None:
    """Draw one bar per row under a small title. A row is (name, length in [0, 1], colour, text on the right)."""
    lines = "".join(
        '<div style="display:contents">'
        f'<span style="overflow:hidden;text-overflow:ellipsis;white-space:nowrap">{html.escape(name)}</span>'
        f'<span style="background:{TRACK};border-radius:4px;height:8px;overflow:hidden">'
        f'<span style="display:block;height:8px;width:{100 * min(1.0, max(0.0, length)):.1f}%;background:{colour}">'
        "</span></span>"
        f'<span style="text-align:right;font-variant-numeric:tabular-nums">{html.escape(text)}</span></div>'
        for name, length, colour, text in rows
    )
    st.html(
        f'<div style="font-size:.84rem;font-weight:600;margin-bottom:4px">{html.escape(title)}</div>'
        '<div style="display:grid;grid-template-columns:minmax(64px,auto) 1fr auto;gap:3px 10px;align-items:center;'
        f'font-size:.82rem">{lines}</div>'
    )
