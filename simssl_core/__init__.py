"""simssl lab: self-supervised objectives as fits of one latent variable model, made visible.

    import simssl_core as lab
    encoder = lab.load("checkpoints/demo-sprites-simvae")
    z = encoder(images)

Importing this package is quick, because only :func:`load` imports torch.
"""

from typing import Any

from simssl_core.version import VERSION as __version__

__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from simssl_core.encoder import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
