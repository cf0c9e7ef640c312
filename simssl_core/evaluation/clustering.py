"""Clustering scores: cluster the features without labels, then compare the clusters with the classes."""

from __future__ import annotations

import math
import warnings

import numpy as np

from simssl_core.evaluation.probes import Array, standardise, task
from simssl_core.metrics import measures

METHODS = ("kmeans", "gmm")


def assign(features: Array, clusters: int, method: str = "gmm", seed: int = 0) -> np.ndarray:
    """Return cluster numbers (N,) from k-means (10 starts) or a Gaussian mixture (diagonal covariance, k-means start).

    The features (N, D) are standardised first. There are fewer clusters if the features hold fewer distinct points.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    one_class = np.zeros(len(features))
    train = task(features, one_class, features[:0], np.zeros(0)).train
    x = standardise(train)[0].cpu().numpy()
    if method == "kmeans":
        model = KMeans(clusters, n_init=10, random_state=seed)
    else:
        model = GaussianMixture(clusters, covariance_type="diag", reg_covar=1e-4, n_init=1, random_state=seed)
    with warnings.catch_warnings():
        # With fewer distinct points than clusters the answer is still defined.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit_predict(x)


def match_accuracy(assigned: np.ndarray, labels: np.ndarray) -> float:
    """Return the accuracy under the best one-to-one match of clusters and classes (Hungarian algorithm)."""
    from scipy.optimize import linear_sum_assignment

    size = int(max(assigned.max(), labels.max())) + 1
    counts = np.zeros((size, size), dtype=np.int64)
    np.add.at(counts, (assigned, labels), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / len(labels))


@measures(
    "cluster_acc",
    title="Content: clusters, accuracy",
    family="content",
    unit="accuracy",
    better="higher",
    low=0.0,
    high=1.0,
    chance="1/classes",
    term="cluster accuracy",
    measured="full",
    reads=("test", "test_labels"),
    place=14,
    is_share=True,
)
@measures(
    "nmi",
    title="Clusters: NMI",
    family="content",
    better="higher",
    low=0.0,
    high=1.0,
    chance=0.0,
    term="NMI",
    measured="full",
    reads=("test", "test_labels"),
    place=15,
    tables=("compare", "study"),
    column="NMI",
)
@measures(
    "ari",
    title="Clusters: ARI",
    family="content",
    better="higher",
    low=-1.0,
    high=1.0,
    chance=0.0,
    term="ARI",
    measured="full",
    reads=("test", "test_labels"),
    place=16,
)
def cluster_scores(features: Array, labels: Array, method: str = "gmm", seed: int = 0) -> dict[str, float]:
    """Return ``cluster_acc``, ``nmi`` and ``ari`` for as many clusters as classes; NaN for fewer than two classes."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    features, labels = np.asarray(features), np.asarray(labels)
    features, labels = features[labels >= 0], labels[labels >= 0]
    classes = len(np.unique(labels))
    if classes < 2:
        return dict.fromkeys(("cluster_acc", "nmi", "ari"), math.nan)
    labels = np.unique(labels, return_inverse=True)[1]
    assigned = assign(features, classes, method, seed)
    return {
        "cluster_acc": match_accuracy(assigned, labels),
        "nmi": float(normalized_mutual_info_score(labels, assigned)),
        "ari": float(adjusted_rand_score(labels, assigned)),
    }
