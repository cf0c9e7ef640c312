"""The playground: free points in the plane, moved by an objective's own gradients, in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.components.playground import playground as component
from simssl_core.figures.theme import ROLE_COLOURS, class_colours

# objective -> field -> (label, where it starts, lowest, highest). Starts differ from a training's defaults where two
# dimensions call for it: four views in the plane and not 64 numbers.
_NOISE = ("σ_x², noise of an image", 0.05, 0.02, 1.0)
_WEIGHT = ("Weight of reconstruct", 1.0, 0.0, 4.0)
KNOBS: dict[str, dict[str, tuple[str, float | str, float, float]]] = {
    "simvae": {
        "sigma2": ("σ², spread of views", 0.15, 0.02, 1.0),
        "decoder_variance": _NOISE,
        "entropy_weight": ("Weight of entropy", 1.0, 0.0, 7.0),
        "reconstruction_weight": _WEIGHT,
        "prior": ("p(y), the contents", "uniform", 0, 0),
        "gamma2": ("γ², spread of contents", 1.0, 0.05, 4.0),
    },
    "vae": {"decoder_variance": _NOISE, "reconstruction_weight": _WEIGHT},
    "simclr": {"temperature": ("τ, temperature", 0.5, 0.05, 2.0)},
    "alignment_uniformity": {
        "alignment": ("Weight of alignment", 1.0, 0.0, 5.0),
        "uniformity": ("Weight of uniformity", 1.0, 0.0, 5.0),
        "t": ("t, how near data repel", 2.0, 0.2, 10.0),
    },
    "vicreg": {
        "invariance": ("μ, weight of invariance", 25.0, 0.0, 50.0),
        "variance": ("ν, weight of variance", 25.0, 0.0, 50.0),
        "covariance": ("κ, weight of covariance", 1.0, 0.0, 25.0),
        "gamma": ("γ, deviation asked for", 1.0, 0.1, 2.0),
    },
    "lejepa": {"lambda_": ("λ, weight of the push", 0.2, 0.0, 1.0)},
    "byol": {"momentum": ("m, memory of the target", 0.9, 0.0, 1.0)},
}
CHOICES = {"prior": ["uniform", "gaussian"]}
EXPERIMENTS = (
    {
        "name": "contrast",
        "title": "Contrast: style goes",
        "objective": "simclr",
        "off": [],
        "tied": False,
        "see": "While it runs, the push spreads the data round the circle and the pull draws each datum’s views into "
        "one point. Style goes, for nothing asks for it.",
    },
    {
        "name": "keep",
        "title": "SimVAE: style stays",
        "objective": "simvae",
        "off": [],
        "tied": False,
        "see": "Views of a datum settle where the pull to their mean and the need to draw the image (green) are in "
        "balance: an ellipse of style remains around each content.",
    },
    {
        "name": "forget",
        "title": "SimVAE without its decoder",
        "objective": "simvae",
        "off": ["reconstruct"],
        "tied": False,
        "see": "With the reconstruction switched off the same model forgets style too: only the pull is left.",
    },
    {
        "name": "collapse",
        "title": "No push: collapse",
        "objective": "vicreg",
        "off": ["push"],
        "tied": True,
        "see": "One map makes all points, and nothing but the pull moves it: it shrinks until every image has the same "
        "representation. Switch the push on again.",
    },
)
PACE = {"name": "pace", "label": "Step size ×", "low": 0.1, "high": 3.0, "log": True, "help": "How far a step goes."}
UNITS = {  # by the objective's own unit
    "nats per datum": "Nats per datum, summed over its 4 views",
    "nats per view": "Nats per view",
    "in its own units": "In the loss’s own units",
}
CIRCLE = " Only directions count: the points stay on the circle."
NOTES = {  # how the unit's sentence goes on: what is special here
    "simvae": ". The image of a point is a place in the plane too.",
    "vae": ": each by itself, so nothing pulls.",
    "simclr": "." + CIRCLE,
    "alignment_uniformity": "." + CIRCLE,
    "vicreg": ".",
    "lejepa": "; 16 fixed directions in place of random ones.",
    "byol": ", without the predictor: nothing pushes." + CIRCLE,
}


def playground(kinds: Mapping[str, type], start: str, key: str = "playground") -> None:
    """Draw it. ``start``: the objective or the experiment of :data:`EXPERIMENTS` that it opens with."""
    component.playground(
        key=key,
        objectives=[_described(name, kinds[name]) for name in KNOBS if name in kinds],
        experiments=EXPERIMENTS,
        start=start,
        pace=PACE,
        colours=ROLE_COLOURS,
        classes=class_colours(8),
    )


def starts(name: str) -> dict[str, Any]:
    """Where every setting of one objective stands when the playground opens."""
    return {field: start for field, (_, start, _, _) in KNOBS[name].items()}


def _described(name: str, kind: type) -> dict[str, Any]:
    return {
        "name": name,
        "title": kind.title,
        "family": kind.family,
        "unit": UNITS[kind.unit] + NOTES[name],
        "scale": 1.0,
        "roles": {role: sentence for role, (sentence, _) in kind.roles.items()},
        "settings": starts(name),
        "knobs": [_knob(kind, field, *knob) for field, knob in KNOBS[name].items()],
    }


def _knob(kind: type, field: str, label: str, start: float | str, low: float, high: float) -> dict[str, Any]:
    return {
        "name": field,
        "label": label,
        "help": kind.Config.model_fields[field].description or "",
        "low": low,
        "high": high,
        "log": low > 0,
        "choices": CHOICES.get(field),
    }
