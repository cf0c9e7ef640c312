"""The folder of downloaded data sets, and downloads of missing ones through torchvision."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from simssl_core.config import DataConfig
from simssl_core.data import torchvision_safe
from simssl_core.errors import DataError

TIMEOUT = 10.0  # seconds without an answer after which a download is abandoned


def root(config: DataConfig) -> Path:
    """The folder of downloaded data sets: ``config.root``, else SIMSSL_DATA, else ~/.cache/simssl."""
    return Path(config.root or os.environ.get("SIMSSL_DATA") or Path.home() / ".cache" / "simssl").expanduser()


def download(config: DataConfig, dataset: str, arguments: Mapping[str, Any], needed: str) -> None:
    """Download ``dataset``, a class of ``torchvision.datasets``. Raises DataError like :func:`fetch`."""

    def get(torchvision: ModuleType) -> None:
        getattr(torchvision.datasets, dataset)(str(root(config)), download=True, **arguments)

    fetch(config, dataset, get, needed)


def fetch(config: DataConfig, title: str, get: Callable[[ModuleType], Any], needed: str) -> None:
    """Call ``get(torchvision)``, which downloads into the root folder.

    There is one attempt with a short timeout, and none if the root folder is not writable or SIMSSL_OFFLINE is set.

    Raises:
        DataError: the download failed; the message quotes ``needed``, which says which files belong in which folder.
    """
    folder = root(config)
    remedy = f"Add the files by hand: {needed}. Or name another folder with the setting 'root' or with SIMSSL_DATA."
    if os.environ.get("SIMSSL_OFFLINE"):
        raise DataError(f"{title} is not in {folder}, and SIMSSL_OFFLINE forbids downloads. {remedy}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{title} is not in {folder}, and that folder cannot be created ({error}). {remedy}") from error
    if not os.access(folder, os.W_OK):
        raise DataError(f"{title} is not in {folder}, which cannot be written to. {remedy}")
    previous_timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        get(torchvision_safe.load())
    except Exception as error:  # torchvision raises RuntimeError, URLError, OSError and many other types
        raise DataError(f"{title} is not in {folder} and cannot be downloaded ({error}). {remedy}") from error
    finally:
        socket.setdefaulttimeout(previous_timeout)
