"""The one place that imports torchvision.

The torchvision wheel on the package index expects CUDA operators; with a CPU-only torch its import fails with
``operator torchvision::nms does not exist``. The import succeeds once the schemas of the two missing operators are
declared. The lab never calls them.
"""

from __future__ import annotations

import sys
from types import ModuleType

MISSING = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_library = []  # torch.library unregisters the operators when the object is garbage-collected


def load() -> ModuleType:
    """Import torchvision with ``datasets``, ``models`` and ``transforms``.

    Raises:
        ImportError: torchvision is not installed, or its import fails for another reason than the missing operators.
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
    """Remove the partly imported modules, so that the next import starts from the beginning."""
    for name in [module for module in sys.modules if module == "torchvision" or module.startswith("torchvision.")]:
        del sys.modules[name]


def _declare() -> None:
    """Declare the schemas of the missing operators."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name, schema in MISSING.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _library.append(library)
