"""Do the classes lie in lumps? Cluster without labels, then compare with them."""

from __future__ import annotations

import math
import warnings

import numpy as np

from simssl_core.evaluation.probes import Array, standardise, task
from simssl_core.metrics import measures

METHODS = ("kmeans", "gmm")


def assign(features: Array, clusters: int, method: str = "gmm", seed: int = 0) -> np.ndarray:
    """Cluster numbers (N,) by k-means (10 starts) or a Gaussian mixture (diagonal covariances, started from k-means).

    Features (N, D) are standardised. Fewer clusters come out where the features hold fewer distinct points.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    x = standardise(task(features, np.zeros(len(features)), features[:0], np.zeros(0))[0])[0].cpu().numpy()
    if method == "kmeans":
        model = KMeans(clusters, n_init=10, random_state=seed)
    else:
        model = GaussianMixture(clusters, covariance_type="diag", reg_covar=1e-4, n_init=1, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # fewer distinct points than clusters: the answer is still defined
        return model.fit_predict(x)


def match_accuracy(assigned: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy under the best one-to-one match of clusters and classes (Hungarian)."""
    from scipy.optimize import linear_sum_assignment

    size = int(max(assigned.max(), labels.max())) + 1
    together = np.zeros((size, size), dtype=np.int64)
    np.add.at(together, (assigned, labels), 1)
    rows, columns = linear_sum_assignment(together, maximize=True)
    return float(together[rows, columns].sum() / len(labels))


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
    """``cluster_acc``, ``nmi``, ``ari`` of as many clusters as there are classes; NaN for fewer than two classes."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    features, labels = np.asarray(features), np.asarray(labels)
    features, labels = features[labels >= 0], labels[labels >= 0]
    classes = len(np.unique(labels))
    if classes < 2:
        return dict.fromkeys(("cluster_acc", "nmi", "ari"), math.nan)
    labels = np.unique(labels, return_inverse=True)[1]
    assigned = assign(features, classes, method, seed)
    nmi, ari = normalized_mutual_info_score(labels, assigned), adjusted_rand_score(labels, assigned)
    return {"cluster_acc": match_accuracy(assigned, labels), "nmi": float(nmi), "ari": float(ari)}
