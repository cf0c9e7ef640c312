"""Figures and tables made once for all who look at them, and again when what they are made of has changed."""

from __future__ import annotations

import hashlib
import pickle
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import streamlit as st

Made = TypeVar("Made")
_tuples: deque[tuple[tuple, bytes]] = deque(maxlen=8)


def cached_by_content(make: Callable[..., Made]) -> Callable[..., Made]:
    """``make``, remembered by the content of all its arguments: no file's time to trust, nothing that can grow stale.

    For functions that only compute: what they return is shared by every visitor and must not be changed.
    """

    @wraps(make)
    def remembered(*given: Any) -> Made:
        stamp = hashlib.blake2b(b"".join(_content(part) for part in given), digest_size=16).hexdigest()
        return _made(f"{make.__module__}.{make.__qualname__}", stamp, make, given)

    return remembered


def _content(part: Any) -> bytes:
    """A digest of ``part``; a tuple, which several figures of one page are made of, is gone through only once."""
    if isinstance(part, tuple):
        for known, digest in list(_tuples):
            if known is part:
                return digest
    digest = hashlib.blake2b(pickle.dumps(part), digest_size=16).digest()
    if isinstance(part, tuple):
        _tuples.append((part, digest))  # kept alive, so that no other object can be taken for it
    return digest


@st.cache_resource(show_spinner=False, max_entries=64)
def _made(name: str, stamp: str, _make: Callable[..., Made], _given: tuple) -> Made:
    return _make(*_given)
