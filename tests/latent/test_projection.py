"""Maps: faithful, repeatable, calm, and never an exception for features that merely collapsed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from simssl_core.errors import LabError
from simssl_core.latent import projection
from simssl_core.latent.projection import Projector

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)
CENTRES = RNG.normal(size=(6, 10)) * 2


def lumps(count=300, seed=0):
    rng = np.random.default_rng(seed)
    return (CENTRES[np.arange(count) % 6] + rng.normal(size=(count, 10))).astype(np.float32)


@pytest.fixture(scope="module")
def first():
    return Projector().umap(lumps())


@pytest.fixture
def projector():
    return Projector()


def test_neighbours_are_scikit_learns():
    x = lumps()
    distance, index = NearestNeighbors(n_neighbors=15, algorithm="brute").fit(x).kneighbors(x)
    mine, far = projection.nearest(x, 15, chunk=64)
    np.testing.assert_array_equal(mine, index)
    np.testing.assert_allclose(far, distance, atol=1e-3)


def test_a_point_is_its_own_first_neighbour_even_among_duplicates():
    x = np.repeat(lumps(40), 5, axis=0)
    index, distance = projection.nearest(x, 15)
    np.testing.assert_array_equal(index[:, 0], np.arange(200))
    assert (distance[:, 0] == 0).all() and (distance[:, 4] < 1e-6).all()


def test_the_map_keeps_neighbourhoods(first):
    assert first.shape == (300, 2) and first.dtype == np.float32
    assert trustworthiness(lumps(), first, n_neighbors=10) > 0.9
    shuffled = np.random.default_rng(0).permutation(first)
    assert trustworthiness(lumps(), shuffled, n_neighbors=10) < 0.6


def test_the_same_seed_gives_the_same_map(projector, first):
    np.testing.assert_array_equal(projector.umap(lumps()), first)
    np.testing.assert_array_equal(projector.umap(lumps(), first), Projector().umap(lumps(), first))


def test_a_followed_map_is_calm_and_stays_faithful(projector, first):
    moved = lumps() + 0.3 * np.random.default_rng(1).normal(size=(300, 10)).astype(np.float32)
    warm, fresh = projector.umap(moved, first), Projector(seed=9).umap(moved)
    size = np.linalg.norm(first - first.mean(0), axis=1).mean()
    drift = np.linalg.norm(warm - first, axis=1).mean() / size
    assert drift < 0.35
    assert drift < 0.75 * np.linalg.norm(fresh - first, axis=1).mean() / size
    assert trustworthiness(moved, warm, n_neighbors=10) > 0.9
    np.testing.assert_allclose(warm.mean(0), first.mean(0), atol=1e-3)
    assert warm.std() == pytest.approx(first.std(), rel=0.1)


def test_three_dimensions(projector):
    layout = projector.umap3(lumps())
    assert layout.shape == (300, 3)
    assert trustworthiness(lumps(), layout, n_neighbors=10) > 0.9


def test_another_number_of_points_starts_afresh(projector, first):
    assert projector.umap(lumps(120), first).shape == (120, 2)
    assert projector.fallback is None
    assert projector.pca(lumps(120), projector.pca(lumps())).shape == (120, 3)


@pytest.mark.parametrize(
    "features",
    [
        np.full((100, 5), 0.3, np.float32),
        np.zeros((100, 5), np.float32),
        (np.full((100, 5), 0.3) + 1e-9 * RNG.normal(size=(100, 5))).astype(np.float32),
        lumps(7),
        lumps(1),
    ],
    ids=["constant", "zero", "rounding noise", "seven points", "one point"],
)
def test_no_map_to_be_made_falls_back_and_says_so(projector, features):
    before = RNG.normal(size=(len(features), 2)).astype(np.float32)
    for layout in (projector.umap(features), projector.umap(features, before)):
        assert layout.shape == (len(features), 2) and np.isfinite(layout).all()
        assert projector.fallback
    assert projector.umap3(features).shape == (len(features), 3)
    assert np.isfinite(projector.pca(features)).all()


@pytest.mark.parametrize(
    "features",
    [
        np.repeat(lumps(30), 10, axis=0),
        np.concatenate([np.full((200, 10), 1.0, np.float32), lumps(100)]),
        np.outer(np.arange(100), np.ones(4)).astype(np.float32),
        lumps(200)[:, :1],
        lumps(60) * 1e-5,
        lumps(60) * 1e6,
    ],
    ids=["copies", "half collapsed", "a line", "one dimension", "tiny", "huge"],
)
def test_awkward_features_still_have_a_map(projector, features):
    first = projector.umap(features)
    again = projector.umap(features, first)
    for layout in (first, again):
        assert np.isfinite(layout).all() and layout.std() > 0
    assert projector.fallback is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(projector, bad):
    features = lumps(50)
    features[3, 2] = bad
    for lay_out in (projector.umap, projector.umap3, projector.pca):
        with pytest.raises(LabError, match="not finite"):
            lay_out(features)


@pytest.mark.parametrize("shape", [(5,), (0, 3), (3, 0), (2, 3, 4)])
def test_features_of_another_shape_are_refused(projector, shape):
    with pytest.raises(LabError, match=r"\(N, D\)"):
        projector.umap(np.zeros(shape))


def test_pca_is_scikit_learns_up_to_signs(projector):
    mine, theirs = projector.pca(lumps()), PCA(3).fit_transform(lumps())
    np.testing.assert_allclose(np.abs(mine), np.abs(theirs), atol=1e-3)


def test_pca_follows_what_turns(projector):
    x = lumps()
    before = projector.pca(x)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(10, 10)))[0].astype(np.float32)
    np.testing.assert_allclose(projector.pca(x @ turn, before), before, atol=1e-3)
    assert projector.pca(3 * x, before).std() == pytest.approx(3 * before.std(), rel=1e-3)  # its units are kept


def test_pca_of_two_dimensions_has_an_empty_third(projector):
    layout = projector.pca(lumps()[:, :2])
    assert layout.shape == (300, 3) and (layout[:, 2] == 0).all()


def test_umap_is_imported_only_when_it_is_needed():
    code = (
        "import sys; from simssl_core.latent.projection import Projector; Projector().pca([[1.0, 2.0], [3.0, 4.0]]); "
        "assert 'umap' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(projection.__file__).parents[2])
