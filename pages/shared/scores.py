"""The scores of runs as a table: plain names for the flat ones, in the order in which one asks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from simssl_core.library import RunEntry

TITLES = {
    "linear": "Content: linear probe, accuracy",
    "knn": "Content: kNN, cosine",
    "knn_euclidean": "Content: kNN, Euclidean",
    "mlp": "Content: MLP probe",
    "cluster_acc": "Content: clusters, accuracy",
    "nmi": "Clusters: NMI",
    "ari": "Clusters: ARI",
    "silhouette": "Silhouette",
    "style_r2": "Style: mean R²",
    "style_share": "Style share of the variance",
    "effective_rank": "Effective rank",
    "feature_std": "Spread of a feature",
    "alignment": "Alignment (0 = views agree)",
    "uniformity": "Uniformity (lower = more even)",
}
CONTENT = ("linear", "knn", "knn_euclidean", "mlp", "cluster_acc", "nmi", "ari")
NOT_SCORES = ("loss", "pull", "push", "reconstruct", "other", "views_per_second", "probe_share")


def title(name: str) -> str:
    """A score's flat name in words: ``style:hue`` → "Style: hue"."""
    if name.startswith("style:"):
        return f"Style: {name.removeprefix('style:').replace('_', ' ')}"
    return TITLES.get(name) or name.replace("_", " ").capitalize()


def short(name: str) -> str:
    """The same without what a list of such scores need not repeat: "Style: hue" → "Hue"."""
    first, _, rest = title(name).partition(": ")
    return rest[:1].upper() + rest[1:] if rest and first in ("Content", "Style") else title(name)


def names(entries: Sequence[RunEntry]) -> list[str]:
    """The flat names of all scores that any of the runs has: the known ones, then the style factors, then the rest."""
    found = {name for entry in entries for name in entry.scores if name not in NOT_SCORES}
    factors = sorted(name for name in found if name.startswith("style:"))
    known = [name for name in TITLES if name in found]
    return [*known, *factors, *sorted(found - {*known, *factors})]


def table(entries: Sequence[RunEntry]) -> pd.DataFrame:
    """One row for each run: run, objective, data, step, then every score by its flat name (missing: NaN)."""
    columns = names(entries)
    rows = [
        {"run": e.run, "objective": e.objective, "data": e.data, "step": e.step}
        | {name: e.scores.get(name, float("nan")) for name in columns}
        for e in entries
    ]
    return pd.DataFrame(rows, columns=["run", "objective", "data", "step", *columns])
