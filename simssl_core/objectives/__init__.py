"""The objectives, one a file, and the registry that finds them.

>>> from simssl_core import objectives
>>> objectives.names()                                        # doctest: +SKIP
>>> objectives.build("simvae", {"sigma2": 0.1}, context)      # doctest: +SKIP

Importing this is quick: torch is imported by :func:`get` and :func:`build`, not before. :mod:`.facts` says what is
known of an objective without it.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from simssl_core.config import parse
from simssl_core.errors import ConfigError
from simssl_core.objectives.facts import REGISTERED, names

if TYPE_CHECKING:
    from simssl_core.objectives.base import Context, Objective

__all__ = ["ROLES", "Context", "Objective", "Terms", "build", "get", "names", "register"]

_FROM_BASE = ("ROLES", "Context", "Objective", "Terms", "register")


def __getattr__(name: str) -> Any:
    if name in _FROM_BASE:
        from simssl_core.objectives import base

        return getattr(base, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get(name: str) -> type[Objective]:
    """The class registered as ``name``.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    _discover()
    if name not in REGISTERED:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"no objective is called '{name}'; {hint}there are: {', '.join(names())}")
    return REGISTERED[name]


def build(name: str, settings: Mapping[str, Any], context: Context) -> Objective:
    """A fresh objective with ``settings`` (what differs from its defaults), its weights from torch's global
    generator.

    Raises:
        ConfigError: an unknown objective, an unknown or bad setting, or data it cannot work with.
    """
    cls = get(name)
    return cls(parse(cls.Config, dict(settings), name), context)


@cache
def _discover() -> None:
    """Import every module of this package, so that each ``@register`` has run."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
