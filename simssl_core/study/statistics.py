"""The statistics behind a verdict: paired t-tests over seeds, with Holm's correction for several comparisons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

LEVEL = 0.05


class Lead(NamedTuple):
    """How far A is ahead of B: the mean difference over ``seeds`` common seeds, its standard error, and one-sided p
    values that A leads (``ahead``) and that A trails (``behind``); NaN with fewer than two seeds in common."""

    mean: float
    error: float
    ahead: float
    behind: float
    seeds: int


def lead(a: Mapping[int, float], b: Mapping[int, float]) -> Lead:
    """Paired t-test of two metrics given by seed; pairing is right because cells of one seed saw the same batches."""
    from scipy import stats

    common = sorted(set(a) & set(b))
    if not common:
        return Lead(math.nan, math.nan, math.nan, math.nan, 0)
    differences = np.array([a[seed] - b[seed] for seed in common])
    count = len(common)
    mean = float(differences.mean())
    if count < 2:
        return Lead(mean, math.nan, math.nan, math.nan, count)
    error = float(differences.std(ddof=1) / math.sqrt(count))
    if error == 0:  # the difference is the same for every seed
        ahead = 0.0 if mean > 0 else 1.0 if mean < 0 else 0.5
        return Lead(mean, 0.0, ahead, 1 - ahead, count)
    ahead = float(stats.t.sf(mean / error, count - 1))
    return Lead(mean, error, ahead, 1 - ahead, count)


def holm(p: Sequence[float]) -> list[float]:
    """Holm-adjusted p values (Holm 1979): rejecting those below a level bounds the family-wise error by that level."""
    order = sorted(range(len(p)), key=lambda k: p[k])
    adjusted = [0.0] * len(p)
    highest = 0.0  # adjusted values never fall along the order
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = highest
    return adjusted
