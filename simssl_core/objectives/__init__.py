"""The objectives, one a file, and the registry that finds them.

>>> from simssl_core import objectives
>>> objectives.names()                                        # doctest: +SKIP
>>> objectives.build("simvae", {"sigma2": 0.1}, context)      # doctest: +SKIP
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from simssl_core.config import parse
from simssl_core.errors import ConfigError
from simssl_core.objectives.base import ROLES, Context, Objective, Terms, register, registry

__all__ = ["ROLES", "Context", "Objective", "Terms", "build", "get", "names", "register"]

_FAMILIES = ("generative", "discriminative", "reference")


def names() -> tuple[str, ...]:
    """Every objective's name: the generative first, then the discriminative, then the references, each in order."""
    _discover()
    return tuple(sorted(registry(), key=lambda name: (_FAMILIES.index(registry()[name].family), name)))


def get(name: str) -> type[Objective]:
    """The class registered as ``name``.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    _discover()
    if name not in registry():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"no objective is called '{name}'; {hint}there are: {', '.join(names())}")
    return registry()[name]


def build(name: str, settings: Mapping[str, Any], context: Context) -> Objective:
    """A fresh objective with ``settings`` (what differs from its defaults), its weights from torch's global
    generator.

    Raises:
        ConfigError: an unknown objective, an unknown or bad setting, or data it cannot work with.
    """
    cls = get(name)
    return cls(parse(cls.Config, dict(settings), name), context)


def _discover() -> None:
    """Import every module of this package, so that each ``@register`` has run (a second time costs nothing)."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
