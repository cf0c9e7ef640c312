"""What every canvas component needs: its files, large data by address, arrays as text, and a callback that listens."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime import exists, get_instance

from pages.components.modules import bundled

HERE = Path(__file__).parent


def component(name: str, html: str | None = None):
    """The component whose files are ``<name>/<name>.html``, ``.css`` and ``.js`` beside this one.

    Its JavaScript is an ES module with all that it imports. ``html``: its markup, where that is too small for a file.
    """
    folder = HERE / name
    markup = (folder / f"{name}.html").read_text() if html is None else html
    style = (folder / f"{name}.css").read_text()
    return st.components.v2.component(f"simssl_{name}", html=markup, css=style, js=bundled(folder / f"{name}.js"))


def listen() -> None:
    """A change of state needs a callback to be part of the result; the rerun that follows reads it."""


def packed(values: Any, kind: str = "<f4") -> str:
    """An array as base64 of little-endian ``kind``: a third of the size of JSON numbers, and no parsing."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def inline(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def serve(content: bytes, mimetype: str, place: str) -> str:
    """The address of ``content`` for as long as this session shows it at ``place`` (unique on the page).

    It is kept in the server's memory and its name is a hash, so that the same content has the same address in every
    rerun and every tab: the browser fetches it once. Where no server runs (a page under test) it is a data address.
    """
    if not exists() or not hasattr(get_instance(), "media_file_mgr"):
        return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"
    address = get_instance().media_file_mgr.add(content, mimetype, place)
    prefix = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}{address}" if prefix else address
