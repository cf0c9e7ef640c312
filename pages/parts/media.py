"""Handing large things to a component by address: the browser fetches them once, and a rerun sends only the address."""

from __future__ import annotations

import base64

from streamlit.runtime import exists, get_instance

BASE = "server.baseUrlPath"


def serve(content: bytes, mimetype: str, place: str) -> str:
    """The address of ``content`` for as long as this session shows it at ``place`` (unique on the page).

    It is kept in the server's memory and its name is a hash, so that the same content has the same address in every
    rerun and every tab. Where no server runs (a page under test) it becomes a data address.
    """
    if not exists() or not hasattr(get_instance(), "media_file_mgr"):
        return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"
    import streamlit as st

    address = get_instance().media_file_mgr.add(content, mimetype, place)
    prefix = (st.get_option(BASE) or "").strip("/")
    return f"/{prefix}{address}" if prefix else address
