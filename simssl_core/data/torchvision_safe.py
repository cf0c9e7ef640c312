"""The one place that imports torchvision.

The torchvision wheel of the package index expects CUDA's operators; beside a CPU-only torch its import stops with
``operator torchvision::nms does not exist``. Declaring the two operators' schemas first lets it import; they are never
called here.
"""

from __future__ import annotations

import sys
from types import ModuleType

MISSING = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_library = []  # torch.library unregisters what it declared when the object is collected


def load() -> ModuleType:
    """torchvision, with ``datasets``, ``models`` and ``transforms``.

    Raises:
        ImportError: torchvision is not installed, or fails for another reason than the missing operators.
    """
    if "torchvision" not in sys.modules:
        try:
            import torchvision
        except (RuntimeError, ImportError) as error:
            if "nms" not in str(error):
                raise
            _forget()
            _declare()
    import torchvision
    import torchvision.datasets
    import torchvision.models
    import torchvision.transforms

    return torchvision


def _forget() -> None:
    """Drop what the failed import left behind, so that the next one starts afresh."""
    for name in [n for n in sys.modules if n == "torchvision" or n.startswith("torchvision.")]:
        del sys.modules[name]


def _declare() -> None:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name, schema in MISSING.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _library.append(library)
