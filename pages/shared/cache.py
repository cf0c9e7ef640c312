"""A cache for figures and tables: made once for all visitors, and again when their inputs have changed."""

from __future__ import annotations

import hashlib
import pickle
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import streamlit as st

Result = TypeVar("Result")
_tuple_digests: deque[tuple[tuple, bytes]] = deque(maxlen=8)  # the tuples digested last, with their digests


def cached_by_content(make: Callable[..., Result]) -> Callable[..., Result]:
    """Cache the results of ``make`` by the content of its arguments, so that a cached result cannot be out of date.

    For pure functions only. A result is shared by all visitors and must not be modified.
    """

    @wraps(make)
    def cached(*arguments: Any) -> Result:
        stamp = hashlib.blake2b(b"".join(_digest(argument) for argument in arguments), digest_size=16).hexdigest()
        return _cached_result(f"{make.__module__}.{make.__qualname__}", stamp, make, arguments)

    return cached


def _digest(argument: Any) -> bytes:
    """A digest of the argument's content; a tuple that several figures of a page share is digested only once."""
    if isinstance(argument, tuple):
        for earlier, digest in list(_tuple_digests):
            if earlier is argument:
                return digest
    digest = hashlib.blake2b(pickle.dumps(argument), digest_size=16).digest()
    if isinstance(argument, tuple):
        _tuple_digests.append((argument, digest))  # the reference keeps its identity from being reused
    return digest


@st.cache_resource(show_spinner=False, max_entries=64)
def _cached_result(name: str, stamp: str, _make: Callable[..., Result], _arguments: tuple) -> Result:
    return _make(*_arguments)
