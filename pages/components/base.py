"""What every canvas component needs: its files, large data by address, arrays as text, and an empty callback."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime import exists, get_instance

from pages.components.modules import bundled

HERE = Path(__file__).parent


def component(name: str, html: str | None = None) -> Callable[..., Any]:
    """The component whose files are ``<name>/<name>.html``, ``.css`` and ``.js`` in this folder.

    Its JavaScript is bundled with all modules that it imports. ``html``: its markup, where that is too short for a
    file of its own.
    """
    folder = HERE / name
    markup = (folder / f"{name}.html").read_text() if html is None else html
    style = (folder / f"{name}.css").read_text()
    return st.components.v2.component(f"simssl_{name}", html=markup, css=style, js=bundled(folder / f"{name}.js"))


def listen() -> None:
    """Does nothing: Streamlit puts a state into the component's result only where its change has a callback."""


def packed(values: Any, kind: str = "<f4") -> str:
    """An array as base64 of the little-endian type ``kind``: a third of the size of JSON numbers, and no parsing."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def inline(png: bytes) -> str:
    """A PNG as a data address."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def serve(content: bytes, mimetype: str, place: str) -> str:
    """The address of ``content``, valid while this session shows it at ``place`` (a name unique on the page).

    The server keeps the content in memory under a hash of it, so that the same content has the same address in every
    rerun and every tab and the browser fetches it once. Without a server (a page under test) it is a data address.
    """
    if not exists() or not hasattr(get_instance(), "media_file_mgr"):
        return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"
    address = get_instance().media_file_mgr.add(content, mimetype, place)
    prefix = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}{address}" if prefix else address
