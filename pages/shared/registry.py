"""The objectives and the device, and loading torch in the background so that later pages open quickly."""

from __future__ import annotations

import os
import sys
import threading
import time

import streamlit as st

FIRST_PAINT = 2.0  # seconds before torch is loaded, so that the first page is drawn without competition


@st.cache_resource(show_spinner=False)
def preload() -> threading.Thread:
    """Start, once per server, a thread that imports torch and the objectives shortly after the first page is drawn."""
    thread = threading.Thread(target=_load, name="preload", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    time.sleep(FIRST_PAINT)
    _import()


def registry() -> dict[str, type]:
    """Every objective's class by name, including those registered since the last call."""
    from simssl_core import objectives

    _load_torch()
    return {name: objectives.get(name) for name in objectives.names()}


@st.cache_resource(show_spinner="Loading the objectives (once)…")
def _load_torch() -> None:
    _import()


def _import() -> None:
    """Import torch and the objectives. Torch gets one thread, so that pages do not slow down a training."""
    import torch

    from simssl_core import objectives

    torch.set_num_threads(1)
    objectives.get(objectives.names()[0])


def device() -> str:
    """Describe the device that training uses by default. Does not wait for torch: before that, only the cores."""
    cores = f"{os.cpu_count() or 1} CPU cores"
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda"):
        return cores
    try:
        if torch.cuda.is_available():
            return f"{torch.cuda.get_device_name(0)} · {cores}"
        if torch.backends.mps.is_available():
            return f"Apple GPU · {cores}"
    except (AttributeError, RuntimeError):  # the preload thread is still importing torch
        return cores
    return f"{cores}, no GPU"
