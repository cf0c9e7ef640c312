"""simssl lab: self-supervised objectives as fits of one latent variable model, to be seen and understood.

    import simssl_core as lab
    encoder = lab.load("checkpoints/demo-sprites-simvae")
    z = encoder(images)

Importing this is quick: torch is imported by :func:`load`, not before.
"""

from typing import Any

from simssl_core.version import VERSION as __version__

__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from simssl_core.encoder import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
