"""The estimates of mutual information, on views whose mutual information is known."""

import math

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import CCA

from simssl_core.evaluation import mutual_information as mi

pytestmark = pytest.mark.filterwarnings("error")


def gaussian_views(rho, width, count=4000, seed=0):
    """Return two views (2, N, D) and their mutual information; each of D hidden dimensions has correlation ``rho``."""
    g = torch.Generator().manual_seed(seed)
    mix = torch.randn(width, width, generator=g, dtype=torch.float64)
    y = torch.randn(1, count, width, generator=g, dtype=torch.float64)
    noise = torch.randn(2, count, width, generator=g, dtype=torch.float64)
    return (math.sqrt(rho) * y + math.sqrt(1 - rho) * noise) @ mix, -width / 2 * math.log(1 - rho**2)


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("width", [8, 16])
def test_the_gaussian_estimate_is_within_five_percent(rho, width):
    z, truth = gaussian_views(rho, width)
    assert mi.gaussian(z[0], z[1]) == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize(("rho", "width"), [(0.3, 8), (0.6, 8), (0.9, 2)])
def test_the_bound_is_within_five_percent_below_its_ceiling(rho, width):
    z, truth = gaussian_views(rho, width, count=8000)
    bound = mi.infonce(z)
    assert bound.ceiling > 3 * truth
    assert bound.value == pytest.approx(truth, rel=0.05)
    assert bound.value < truth + 3 * bound.error


def test_only_the_bound_is_limited_by_its_ceiling():
    z, truth = gaussian_views(0.9, 16, count=400)
    bound = mi.infonce(z)
    assert truth > 13 and bound.ceiling == pytest.approx(math.log(200))
    assert 0.9 * bound.ceiling < bound.value < bound.ceiling
    assert mi.gaussian(z[0], z[1]) == pytest.approx(truth, rel=0.05)


def test_unrelated_views_share_no_information():
    z = gaussian_views(0.0, 8, count=1000)[0]
    assert mi.gaussian(z[0], z[1]) < 0.05
    assert -0.1 < mi.infonce(z).value < 0.03
    plug_in = -0.5 * torch.log1p(-(mi.canonical_correlations(z[0], z[1]) ** 2)).sum()
    assert plug_in == pytest.approx(8 * 8 / 2000, rel=0.5)  # the bias that gaussian() removes


def test_the_estimate_is_unbiased_in_small_samples():
    estimates = []
    for seed in range(40):
        z, truth = gaussian_views(0.5, 6, count=80, seed=seed)
        estimates.append(mi.gaussian(z[0], z[1]))
    assert np.mean(estimates) == pytest.approx(truth, abs=3 * np.std(estimates) / math.sqrt(40))


def test_canonical_correlations_agree_with_scikit_learn():
    z = gaussian_views(0.6, 3, count=500)[0].numpy()
    first, second = CCA(3, max_iter=5000, tol=1e-10).fit(z[0], z[1]).transform(z[0], z[1])
    theirs = sorted((np.corrcoef(first[:, k], second[:, k])[0, 1] for k in range(3)), reverse=True)
    np.testing.assert_allclose(mi.canonical_correlations(z[0], z[1]).numpy(), theirs, atol=1e-4)


def test_it_is_invariant_to_linear_maps():
    z = gaussian_views(0.6, 4, count=500)[0]
    turn = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    assert mi.gaussian(z[0] @ turn + 5, z[1] * 3) == pytest.approx(mi.gaussian(z[0], z[1]), rel=1e-6)


def test_clusters_share_the_logarithm_of_their_number():
    g = torch.Generator().manual_seed(0)
    centres, cluster = torch.randn(8, 5, generator=g) * 8, torch.randint(0, 8, (1600,), generator=g)
    bound = mi.infonce(centres[cluster] + torch.randn(2, 1600, 5, generator=g))
    assert 0.9 * math.log(8) < bound.value < math.log(8) + 3 * bound.error


def test_only_the_bound_detects_a_dependence_that_is_not_linear():
    g = torch.Generator().manual_seed(0)
    size, sign = torch.randn(1, 1600, 1, generator=g).abs() * 3, torch.randint(0, 2, (2, 1600, 1), generator=g) * 2 - 1
    z = sign * size + 0.3 * torch.randn(2, 1600, 1, generator=g)
    assert mi.gaussian(z[0], z[1]) < 0.02
    assert mi.infonce(z).value > 0.3


def test_degenerate_views():
    g = torch.Generator().manual_seed(0)
    one = torch.randn(1, 100, 3, generator=g)
    assert mi.gaussian(one[0], one[0]) > 15  # equal views: as much as the estimate can say
    assert mi.infonce(one.repeat(2, 1, 1)).value == pytest.approx(math.log(50), rel=0.1)
    flat = torch.full((2, 100, 3), 0.3)
    assert mi.gaussian(flat[0], flat[1]) == 0
    assert mi.infonce(flat).value == pytest.approx(0, abs=1e-3)
    assert math.isnan(mi.gaussian(one[0, :5], one[0, :5])) and math.isnan(mi.infonce(one).value)


def test_more_dimensions_than_data():
    z = torch.randn(2, 60, 200, generator=torch.Generator().manual_seed(0))
    assert mi.gaussian(z[0], z[1]) < 1.5
    assert mi.infonce(z).value < 0.2


def test_it_is_repeatable_and_leaves_the_global_generator_alone():
    z = gaussian_views(0.6, 4, count=200)[0]
    before = torch.get_rng_state()
    assert mi.infonce(z) == mi.infonce(z)
    assert torch.equal(before, torch.get_rng_state())
