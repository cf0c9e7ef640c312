"""A drawing made into a digit like those of the data set; a file made into an image; what is no picture is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from simssl_core.errors import DataError
from simssl_core.latent.drawing import as_input, read_picture


def bar(left: int, top: int, right: int, bottom: int, side: int = 64) -> np.ndarray:
    picture = np.zeros((side, side, 3), np.uint8)
    picture[top:bottom, left:right] = 255
    return picture


@pytest.mark.parametrize("place", [(4, 4, 10, 30), (40, 20, 46, 46)])
def test_a_digit_is_cut_out_and_centred_wherever_it_was_drawn(place):
    image = as_input(bar(*place), (1, 28, 28), "mnist")
    assert image.shape == (1, 28, 28) and image.dtype == np.uint8
    rows, columns = np.nonzero(image[0])
    assert (rows.min(), rows.max()) == (4, 23), "20 of 28 rows, as in MNIST"
    assert abs((columns.min() + columns.max()) / 2 - 13.5) <= 0.5
    assert (image == as_input(bar(20, 20, 26, 46), (1, 28, 28), "mnist")).all()


def test_small_digits_fill_their_eight_rows():
    image = as_input(bar(20, 10, 30, 50), (1, 8, 8), "digits")
    assert (image[0].max(1) > 0).all() and image.max() == 255


def test_dark_strokes_on_white_paper_are_turned_round():
    paper = 255 - bar(20, 10, 30, 50)
    assert (as_input(paper, (1, 28, 28), "mnist") == as_input(bar(20, 10, 30, 50), (1, 28, 28), "mnist")).all()


def test_colour_keeps_its_place():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:32, :32] = (255, 0, 10)
    image = as_input(picture, (3, 32, 32), "sprites")
    assert image.shape == (3, 32, 32) and image[:, 3, 3].tolist() == [255, 0, 10] and image[:, 20, 20].max() == 0


def test_nothing_drawn_is_said():
    with pytest.raises(DataError, match="Nothing was drawn"):
        as_input(np.zeros((64, 64, 3), np.uint8), (1, 28, 28), "mnist")


def test_files_are_read_and_what_is_none_is_refused():
    file = io.BytesIO()
    Image.new("RGBA", (10, 6), (255, 0, 0, 0)).save(file, "PNG")
    assert (read_picture(file.getvalue()) == 0).all(), "transparent is black"
    for bad in (b"", b"GIF89a nothing", file.getvalue()[:40]):
        with pytest.raises(DataError, match="cannot be read as a picture"):
            read_picture(bad)
