"""Traverse with two directions at once and with the visitor's own image, without a browser; and the downloads."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from pages.traverse_parts.plane import OFFSETS, Direction, grid
from simssl_core.analysis.explorer import DIMENSIONS
from simssl_core.errors import ShapeError
from simssl_core.figures.pictures import gif
from tests.pages.test_traverse import explorer, given, page, pixels, shelf, told  # noqa: F401 - fixtures


def plane(at, x: float, y: float, seq: int = 1):
    """The page after the point was dragged to (x, y)."""
    offsets = {"0": x, "1": y}
    at.session_state["plane"] = {"move": {"key": given(at, "plane")["key"], "seq": seq, "offsets": offsets}}
    return given(at.run(), "plane")


def test_a_point_in_the_plane_is_drawn_from_both_directions(page, explorer):  # noqa: F811
    page.query_params.update({"run": "small-simvae", "image": "5", "more": "Two directions"})
    page.query_params.update({"across": "z1", "upwards": "z2"})
    at = page.run()
    assert not at.exception
    start = given(at, "plane")
    assert start["names"] == ["z1", "z2"] and start["at"] == [0, 0]
    there = plane(at, 1.5, -3.0)
    assert there["seq"] == 1 and there["at"] == [1.5, -3.0] and there["after"] != start["after"]
    names = explorer.ways[DIMENSIONS].names
    z = explorer.moved(explorer.latents[5], {names.index("z1"): 1.5, names.index("z2"): -3.0})
    assert (pixels(there["after"]) == np.moveaxis(explorer.draw(z[None])[0], 0, -1)).all()
    assert plane(at, 0, 0, seq=2)["after"] == start["after"]


def test_the_grid_shows_the_first_direction_across_and_the_second_upwards(explorer):  # noqa: F811
    drawn = grid(explorer, "here", explorer.token, 5, (Direction(DIMENSIONS, 3), Direction(DIMENSIONS, 0)))
    tiles, count = np.asarray(Image.open(io.BytesIO(drawn)))[..., :3], len(OFFSETS)
    assert tiles.shape == (32 * count, 32 * count, 3)
    row, column = 1, 7
    z = explorer.moved(explorer.latents[5], {3: float(OFFSETS[column]), 0: float(OFFSETS[::-1][row])})
    expected = np.moveaxis(explorer.draw(z[None])[0], 0, -1)
    there = tiles[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
    assert np.abs(there.astype(int) - expected).max() <= 1


def sketch() -> dict:
    """A drawn green stroke, encoded as the sheet sends it."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:40, 28:36] = (0, 224, 60)
    return {"drawing": base64.b64encode(picture.tobytes()).decode()}


def test_the_visitors_image_is_used_until_another_is_chosen(page):  # noqa: F811
    page.query_params.update({"run": "small-simvae", "image": "5"})
    at = page.run()
    before = given(at, "sliders")
    at.session_state["own_pad"] = sketch()
    at.run()
    assert not at.exception
    own = given(at, "sliders")
    shown = pixels(own["before"])
    assert own["key"] != before["key"] and shown[15, 16].tolist() == [0, 224, 60] and shown[2, 2].max() == 0
    at.session_state["strip_image"] = {"chosen": 3}
    at.run()
    assert not at.exception and given(at, "sliders")["key"] == "small-simvae|3|dimensions"


@pytest.mark.parametrize("panel", ["Between two images", "Two directions", "Mix content and style", "Nearest images"])
def test_every_panel_takes_the_visitors_image(page, panel):  # noqa: F811
    page.query_params.update({"run": "small-simvae", "more": panel})
    at = page.run()
    at.session_state["own_pad"] = sketch()
    at.run()
    assert not at.exception and not at.error


def test_adding_an_image_leaves_the_others_unchanged(explorer):  # noqa: F811
    image = np.full(explorer.encoder.shape, 200, np.uint8)
    more = explorer.with_image(image)
    assert len(more.gallery) == len(explorer.gallery) + 1 and (more.gallery.images[-1] == image).all()
    assert (more.latents[:-1] == explorer.latents).all() and more.token != explorer.token
    assert len(explorer.gallery) not in more.nearest(more.latents[-1:], 500), "it is no neighbour of itself"
    with pytest.raises(ShapeError):
        explorer.with_image(np.zeros((1, 5, 5), np.uint8))


def test_a_gif_goes_there_and_back_in_the_right_colours():
    frames = np.zeros((4, 16, 16, 3), np.uint8)
    frames[..., 0] = np.array([0, 80, 160, 240])[:, None, None]
    made = Image.open(io.BytesIO(gif(frames, milliseconds=60)))
    reds = [frame.convert("RGB").getpixel((5, 5))[0] for frame in ImageSequence.Iterator(made)]
    assert reds == pytest.approx([0, 80, 160, 240, 160, 80], abs=3)
    assert made.size == (192, 192) and made.info["loop"] == 0 and made.info["duration"] == 60


def test_the_download_buttons_are_there(page):  # noqa: F811
    page.query_params.update({"run": "small-simvae", "more": "Two directions"})
    labels = [button.proto.label for button in page.run().get("download_button")]
    assert labels == ["style 1 as GIF", "content 1 as GIF", "Grid as PNG"]
