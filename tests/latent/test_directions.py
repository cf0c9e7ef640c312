"""Directions: what was planted is found, in the right order and with the right share of variance."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from simssl_core.errors import ShapeError
from simssl_core.latent import directions

pytestmark = pytest.mark.filterwarnings("error")

G = torch.Generator().manual_seed(0)


def planted(data=3000, views=8):
    """Content along the first two axes of a random frame (std 3, 1), style along the third and fourth (std 2, 0.5)."""
    frame = torch.linalg.qr(torch.randn(6, 6, generator=G, dtype=torch.float64)).Q.T
    y = torch.randn(1, data, 2, generator=G, dtype=torch.float64) * torch.tensor([3.0, 1.0])
    s = torch.randn(views, data, 2, generator=G, dtype=torch.float64) * torch.tensor([2.0, 0.5])
    return y @ frame[:2] + s @ frame[2:4] + 5, frame


def cosine(a, b):
    return torch.nn.functional.cosine_similarity(a, b, dim=-1).abs()


def test_principal_is_scikit_learns():
    rows = torch.randn(80, 5, generator=G, dtype=torch.float64) @ torch.randn(5, 5, generator=G, dtype=torch.float64)
    mine, theirs = directions.principal(rows), PCA().fit(rows.numpy())
    np.testing.assert_allclose(mine.vectors.abs().numpy(), np.abs(theirs.components_), atol=1e-8)
    np.testing.assert_allclose(mine.share.numpy(), theirs.explained_variance_ratio_, atol=1e-10)
    along = (rows - mine.center) @ mine.vectors.T
    np.testing.assert_allclose(along.std(0, correction=0).numpy(), mine.std.numpy(), atol=1e-8)
    np.testing.assert_allclose(along.mean(0).numpy(), 0, atol=1e-8)


def test_content_and_style_are_told_apart():
    z, frame = planted()
    content, style = directions.content(z), directions.style(z)
    assert cosine(content.vectors[:2], frame[:2]).min() > 0.98
    assert cosine(style.vectors[:2], frame[2:4]).min() > 0.99
    assert style.share[0] == pytest.approx(4 / 4.25, abs=0.01)
    assert content.share[0] == pytest.approx(9 / (9 + 1 + 4.25 / 8), abs=0.02)  # with 1/V of the style
    assert style.std[0] == pytest.approx(2 * (7 / 8) ** 0.5, rel=0.03)
    assert torch.allclose(style.center, z.mean((0, 1)))


def test_up_to_keeps_the_fewest():
    found = directions.Directions(torch.eye(3), torch.ones(3), torch.tensor([0.6, 0.3, 0.1]), torch.zeros(3))
    assert [len(found.up_to(s)) for s in (0.0, 0.5, 0.6, 0.61, 0.9, 0.95, 1.0)] == [1, 1, 1, 2, 2, 3, 3]


def test_collapsed_features_have_directions_without_share():
    found = directions.principal(torch.full((10, 3), 2.0))
    assert (found.share == 0).all() and (found.std == 0).all() and len(found.up_to(0.9)) >= 1


def test_a_flag_is_the_difference_of_means():
    z = torch.randn(60, 4, generator=G)
    flag = (torch.rand(60, generator=G) < 0.3).float()
    found = directions.attribute(z, flag)
    assert torch.allclose(found.slope, z[flag == 1].mean(0) - z[flag == 0].mean(0), atol=1e-5)


def test_a_planted_attribute_is_found_with_its_share():
    v = torch.randn(5000, generator=G)
    direction = torch.tensor([1.0, -2.0, 0.0])
    z = v[:, None] * direction + torch.randn(5000, 3, generator=G)
    found = directions.attribute(z, v)
    assert torch.allclose(found.slope, direction, atol=0.06)
    assert found.share == pytest.approx(5 / 8, abs=0.03)
    assert directions.attribute(torch.randn(5000, 3, generator=G), v).share < 0.01


def test_attributes_that_say_nothing():
    z = torch.randn(20, 3, generator=G)
    assert directions.attribute(z, torch.ones(20)).slope.tolist() == [0, 0, 0]
    some = torch.arange(20.0)
    some[::2] = torch.nan
    kept = directions.attribute(z[1::2], torch.arange(20.0)[1::2])
    assert torch.allclose(directions.attribute(z, some).slope, kept.slope)


def test_axes_are_ordered_and_ranged():
    z = torch.randn(2000, 3, generator=G) * torch.tensor([1.0, 5.0, 0.0]) + 2
    found = directions.axes(z)
    assert found.order.tolist() == [1, 0, 2]
    assert found.high[1].item() == pytest.approx(17, abs=0.8) and found.low[1].item() == pytest.approx(-13, abs=0.8)
    assert (found.low < found.high).all()


@pytest.mark.parametrize("shape", [(5, 3), (1, 1, 3)])
def test_views_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"\(V, N, D\)"):
        directions.content(torch.zeros(shape))
    with pytest.raises(ShapeError, match=r"\(N, D\)"):
        directions.principal(torch.zeros(1, 3))
