"""Ways through a latent space, by hand and by their statistics."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from simssl_core.errors import ShapeError
from simssl_core.latent import directions, traversal

pytestmark = pytest.mark.filterwarnings("error")

G = torch.Generator().manual_seed(0)


def test_a_dimension_takes_the_values():
    z = torch.tensor([1.0, 2.0, 3.0])
    assert traversal.sweep(z, 1, torch.tensor([-1.0, 7.0])).tolist() == [[1, -1, 3], [1, 7, 3]]
    assert z.tolist() == [1, 2, 3]


def test_a_direction_is_added():
    z = torch.tensor([1.0, 2.0])
    assert traversal.sweep(z, torch.tensor([1.0, -1.0]), [0.0, 2.0]).tolist() == [[1, 2], [3, 0]]


def test_no_such_direction():
    with pytest.raises(ShapeError, match="no dimension 5"):
        traversal.sweep(torch.zeros(3), 5, [0.0])
    with pytest.raises(ShapeError, match="does not fit"):
        traversal.sweep(torch.zeros(3), torch.zeros(2), [0.0])


def test_the_straight_way():
    way = traversal.interpolate(torch.tensor([0.0, 0.0]), torch.tensor([4.0, 8.0]), 5)
    assert way.tolist() == [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]]
    with pytest.raises(ShapeError):
        traversal.interpolate(torch.zeros(2), torch.ones(2), 1)


def test_the_great_circle():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    way = traversal.interpolate(a, b, 5, spherical=True)
    assert torch.allclose(way.norm(dim=1), torch.linspace(2, 4, 5))
    assert torch.allclose(torch.atan2(way[:, 1], way[:, 0]), torch.linspace(0, torch.pi / 2, 5), atol=1e-6)
    assert torch.allclose(way[0], a) and torch.allclose(way[-1], b, atol=1e-6)


@pytest.mark.parametrize("b", [[-1.0, 0.0], [0.0, 0.0], [3.0, 0.0]], ids=["opposite", "zero", "same way"])
def test_where_there_is_no_great_circle_the_way_is_straight(b):
    a, b = torch.tensor([1.0, 0.0]), torch.tensor(b)
    assert torch.equal(traversal.interpolate(a, b, 7, spherical=True), traversal.interpolate(a, b, 7))


def test_imagined_views_have_the_models_spread():
    z = torch.tensor([1.0, -2.0, 0.0])
    views = traversal.imagine(z, torch.tensor([0.15, 4.0, 0.0]), 20_000, G)
    assert torch.allclose(views.mean(0), z, atol=0.05)
    assert torch.allclose(views.var(0), torch.tensor([0.15, 4.0, 0.0]), rtol=0.05)
    one = traversal.imagine(z, 0.15, 3, torch.Generator().manual_seed(1))
    assert torch.equal(one, traversal.imagine(z, 0.15, 3, torch.Generator().manual_seed(1)))


def test_mixing_takes_content_from_one_and_style_from_the_other():
    basis = torch.eye(4)[:2]
    a, b = torch.tensor([1.0, 2, 3, 4]), torch.tensor([5.0, 6, 7, 8])
    assert traversal.mix(a, b, basis).tolist() == [1, 2, 7, 8]
    assert torch.allclose(traversal.mix(a, a, basis), a)
    assert traversal.mix(a[None].repeat(3, 1), b, basis).shape == (3, 4)
    with pytest.raises(ShapeError):
        traversal.mix(a, b, torch.eye(3))


def test_mixing_with_found_directions_lands_on_the_true_combination():
    """z = content + style in orthogonal subspaces: the mixture is the view that was never seen."""
    frame = torch.linalg.qr(torch.randn(6, 6, generator=G)).Q.T
    y, s = torch.randn(400, 2, generator=G) * 4, torch.randn(300, 400, 2, generator=G)
    z = (y @ frame[:2])[None] + s @ frame[2:4]
    basis = directions.content(z).up_to(0.9)
    truth = y[0] @ frame[:2] + s[1, 1] @ frame[2:4]
    assert (traversal.mix(z[0, 0], z[1, 1], basis) - truth).norm() < 0.25 * (z[1, 1] - truth).norm()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_nearest_is_scikit_learns(metric):
    known, asked = torch.randn(200, 5, generator=G), torch.randn(30, 5, generator=G)
    oracle = NearestNeighbors(n_neighbors=4, metric=metric, algorithm="brute").fit(known.numpy())
    theirs = oracle.kneighbors(asked.numpy(), return_distance=False)
    assert traversal.nearest(known, asked, 4, metric, chunk=7).tolist() == theirs.tolist()
    assert traversal.nearest(known, asked[0], 4, metric).tolist() == theirs[0].tolist()
    assert traversal.nearest(known, asked, 999, metric).shape == (30, 200)
    with pytest.raises(ShapeError):
        traversal.nearest(known, torch.zeros(4), 1)
