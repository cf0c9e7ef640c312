"""What the lab runs on, and loading torch behind the first page so that the next ones open quickly."""

from __future__ import annotations

import os
import sys
import threading
import time

import streamlit as st

FIRST_PAINT = 2.0  # seconds that the first page has the processor to itself


@st.cache_resource(show_spinner=False)
def preload() -> threading.Thread:
    """Once per server: import torch and the objectives in the background, a moment after the first page was drawn."""
    thread = threading.Thread(target=_load, name="preload", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    time.sleep(FIRST_PAINT)
    _import()


def registry() -> dict[str, type]:
    """Every objective's class by name, those included that were registered a moment ago."""
    from simssl_core import objectives

    _load_torch()
    return {name: objectives.get(name) for name in objectives.names()}


@st.cache_resource(show_spinner="Loading the objectives (once)…")
def _load_torch() -> None:
    _import()


def _import() -> None:
    """Imports torch, with one thread: pages draw small things and must not starve a training."""
    import torch

    from simssl_core import objectives

    torch.set_num_threads(1)
    objectives.get(objectives.names()[0])


def device() -> str:
    """The device that a training would get by itself, in words. Waits for nothing: before torch is there, the cores."""
    cores = f"{os.cpu_count() or 1} CPU cores"
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda"):
        return cores
    try:
        if torch.cuda.is_available():
            return f"{torch.cuda.get_device_name(0)} · {cores}"
        if torch.backends.mps.is_available():
            return f"Apple GPU · {cores}"
    except (AttributeError, RuntimeError):  # torch is being imported by the thread above
        return cores
    return f"{cores}, no GPU"
