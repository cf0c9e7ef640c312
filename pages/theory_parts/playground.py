"""The playground: free points in the plane, moved by an objective's own gradients, in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.components.playground import playground as component
from simssl_core.figures.theme import ROLE_COLOURS, class_colours

# objective -> field -> (label, start, lowest, highest). Some starts differ from the defaults of a training, because
# the playground has only two dimensions and four views.
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
        "gamma": ("γ, target deviation", 1.0, 0.1, 2.0),
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
        "one point. Style is lost, because no term needs it.",
    },
    {
        "name": "keep",
        "title": "SimVAE: style stays",
        "objective": "simvae",
        "off": [],
        "tied": False,
        "see": "The views of a datum settle where the pull to their mean and the reconstruction (green) balance: an "
        "ellipse of style remains around each content.",
    },
    {
        "name": "forget",
        "title": "SimVAE without its decoder",
        "objective": "simvae",
        "off": ["reconstruct"],
        "tied": False,
        "see": "Without the reconstruction the same model forgets style too: only the pull moves the views.",
    },
    {
        "name": "collapse",
        "title": "No push: collapse",
        "objective": "vicreg",
        "off": ["push"],
        "tied": True,
        "see": "One linear map makes all points, and only the pull moves it: it shrinks until every image has the same "
        "representation. Switch the push on again.",
    },
)
PACE = {
    "name": "pace",
    "label": "Step size ×",
    "low": 0.1,
    "high": 3.0,
    "log": True,
    "help": "Scales every step.",
}
UNITS = {  # the unit as the page writes it, by the objective's own
    "nats per datum": "Nats per datum, summed over its 4 views",
    "nats per view": "Nats per view",
    "in its own units": "In the loss’s own units",
}
CIRCLE = " Only directions count: the points stay on the circle."
NOTES = {  # completes the unit's sentence: how the objective differs here from a real training
    "simvae": ". The image of a point is also a place in the plane.",
    "vae": ": each view on its own, so nothing pulls.",
    "simclr": "." + CIRCLE,
    "alignment_uniformity": "." + CIRCLE,
    "vicreg": ".",
    "lejepa": "; 16 fixed directions instead of random ones.",
    "byol": ", without the predictor: nothing pushes." + CIRCLE,
}


def playground(kinds: Mapping[str, type], start: str, key: str = "playground") -> None:
    """Draw the playground, opened with the objective or the experiment (:data:`EXPERIMENTS`) named ``start``."""
    component.playground(
        key=key,
        objectives=[_objective_data(name, kinds[name]) for name in KNOBS if name in kinds],
        experiments=EXPERIMENTS,
        start=start,
        pace=PACE,
        colours=ROLE_COLOURS,
        classes=class_colours(8),
    )


def starts(name: str) -> dict[str, Any]:
    """The settings of one objective when the playground opens."""
    return {field: start for field, (_, start, _, _) in KNOBS[name].items()}


def _objective_data(name: str, kind: type) -> dict[str, Any]:
    return {
        "name": name,
        "title": kind.title,
        "family": kind.family,
        "unit": UNITS[kind.unit] + NOTES[name],
        "scale": 1.0,
        "roles": {role: sentence for role, (sentence, _) in kind.roles.items()},
        "settings": starts(name),
        "knobs": [_knob_data(kind, field, *knob) for field, knob in KNOBS[name].items()],
    }


def _knob_data(kind: type, field: str, label: str, start: float | str, low: float, high: float) -> dict[str, Any]:
    return {
        "name": field,
        "label": label,
        "help": kind.Config.model_fields[field].description or "",
        "low": low,
        "high": high,
        "log": low > 0,
        "choices": CHOICES.get(field),
    }
