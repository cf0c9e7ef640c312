"""Distances, pairs of views and moments against their definitions written out as loops."""

from __future__ import annotations

import pytest
import torch

from simssl_core.functional import vectors
from tests.ordered_pairs import ordered_pairs

torch.manual_seed(1)


@pytest.mark.parametrize("views", [2, 3, 8])
def test_pair_means_are_means_over_pairs(views):
    z, other = torch.randn(views, 4, 3, dtype=torch.float64), torch.randn(views, 4, 3, dtype=torch.float64)
    pairs = ordered_pairs(views)
    assert len(pairs) == len(set(pairs)) == views * (views - 1) and all(a != b for a, b in pairs)
    apart = torch.stack([(z[a] - z[b]).square().sum(-1) for a, b in pairs]).mean(0)
    torch.testing.assert_close(vectors.mean_pair_distance(z), apart, rtol=1e-12, atol=0)
    alike = torch.stack([(z[a] * other[b]).sum(-1) for a, b in pairs]).mean(0)
    torch.testing.assert_close(vectors.mean_pair_similarity(z, other), alike, rtol=1e-9, atol=1e-12)


def test_squared_distances_match_cdist_and_are_never_negative():
    a, b = torch.randn(7, 5, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    torch.testing.assert_close(vectors.squared_distances(a, b), torch.cdist(a, b).square(), rtol=1e-10, atol=1e-12)
    near = torch.full((3, 5), 1e4)
    assert (vectors.squared_distances(near, near) >= 0).all()


def test_moments_match_torch():
    x = torch.randn(9, 4, dtype=torch.float64)
    torch.testing.assert_close(vectors.covariance(x), torch.cov(x.T), rtol=1e-12, atol=1e-14)
    matrix = torch.randn(4, 4, dtype=torch.float64)
    expected = sum(matrix[i, k] ** 2 for i in range(4) for k in range(4) if i != k)
    torch.testing.assert_close(vectors.off_diagonal_square(matrix), expected, rtol=1e-12, atol=0)
    normed = torch.nn.functional.batch_norm(x, None, None, training=True)
    torch.testing.assert_close(vectors.standardised(x), normed, rtol=1e-12, atol=1e-14)
