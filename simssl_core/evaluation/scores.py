"""All numbers of a run in one flat dictionary. What cannot be asked of the data (no labels, one class) is left out."""

from __future__ import annotations

import math

import numpy as np

from simssl_core.errors import ShapeError
from simssl_core.evaluation import clustering, geometry, mutual_information, probes, style
from simssl_core.evaluation.features import Features


def score(features: Features, full: bool = False) -> dict[str, float]:
    """Every number by its name.

    * ``linear``, ``knn`` (cosine): test accuracy of the content label;
    * ``style:<factor>``: raw R² (continuous, circular) or balanced accuracy (discrete) of what was drawn for a view;
      ``style_accuracy:<factor>``: plain accuracy of the discrete ones; ``style_r2``: mean R², each clipped at 0;
    * ``factor:<name>``: the same of the true factors of the images, the label apart; ``factor_accuracy:<name>``;
    * ``style_share``, ``effective_rank``, ``feature_std``, ``alignment``, ``uniformity``.

    ``full`` adds ``knn_euclidean``, ``mlp``, ``cluster_acc``, ``nmi``, ``ari``, ``silhouette``, ``within_between``, and
    in nats ``mutual_information`` (InfoNCE, a lower bound) under its ``mutual_information_ceiling``, and
    ``mutual_information_gaussian`` (the canonical-correlation estimate).

    Raises:
        ShapeError: features that are not finite: the encoder has diverged.
    """
    check_finite(features)
    numbers = content_scores(features, full) | style_scores(features) | geometry_scores(features, full)
    if full:
        numbers |= information_scores(features)
    return {name: float(value) for name, value in numbers.items() if not math.isnan(value)}


def check_finite(features: Features) -> None:
    """Raise ShapeError naming the part of ``features`` that holds NaN or infinity."""
    for name in ("train", "test", "views", "map"):
        if not np.isfinite(getattr(features, name)).all():
            raise ShapeError(
                f"the {name} features hold values that are not finite: the encoder has diverged; "
                "lower the learning rate or resume from an earlier checkpoint"
            )


def content_scores(features: Features, full: bool = False) -> dict[str, float]:
    """What can be told of the label, higher is better; NaN where there are no labels."""
    known = (features.train, features.train_labels, features.test, features.test_labels)
    numbers = {"linear": probes.linear(*known), "knn": probes.knn(*known)}
    if full:
        numbers["knn_euclidean"] = probes.knn(*known, metric="euclidean")
        numbers["mlp"] = probes.mlp(*known)
        numbers |= clustering.cluster_scores(features.test, features.test_labels)
    return numbers


def style_scores(features: Features) -> dict[str, float]:
    """What can be told of how a view was made, and of the true factors of images."""
    drawn = style.view_scores(features.views, features.view_factors, features.factors)
    asked = tuple(f for f in features.true_factors if not _is_label(features, f.name))
    known = (features.train, features.train_factors, features.test, features.test_factors)
    true = style.image_scores(*known, asked)
    numbers = {f"style:{name}": s.score for name, s in drawn.items()}
    numbers |= {f"style_accuracy:{name}": s.plain_accuracy for name, s in drawn.items()}
    numbers |= {f"factor:{name}": s.score for name, s in true.items()}
    numbers |= {f"factor_accuracy:{name}": s.plain_accuracy for name, s in true.items()}
    return numbers | {"style_r2": style.mean_r2(drawn, features.factors)}


def _is_label(features: Features, name: str) -> bool:
    values = features.test_factors.get(name)
    return values is not None and np.array_equal(values.astype(np.int64), features.test_labels)


def geometry_scores(features: Features, full: bool = False) -> dict[str, float]:
    """The shape of the latent space."""
    numbers = {
        "style_share": geometry.style_share(features.views),
        "effective_rank": geometry.effective_rank(features.test),
        "feature_std": geometry.feature_std(features.test),
        "alignment": geometry.alignment(features.views),
        "uniformity": geometry.uniformity(features.views),
    }
    if full:
        numbers["silhouette"] = geometry.silhouette(features.test, features.test_labels)
        numbers["within_between"] = geometry.within_between(features.test, features.test_labels)
    return numbers


def information_scores(features: Features) -> dict[str, float]:
    """What two views of a datum tell of each other, in nats: the bound, its ceiling, the Gaussian estimate."""
    if len(features.views) < 2:
        return {}
    bound = mutual_information.infonce(features.views)
    return {
        "mutual_information": bound.value,
        "mutual_information_ceiling": bound.ceiling,
        "mutual_information_gaussian": mutual_information.gaussian(features.views[0], features.views[1]),
    }
