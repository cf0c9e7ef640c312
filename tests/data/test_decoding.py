"""Pictures of all kinds become one array; what cannot be read has a message."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from simssl_core.data import decoding
from simssl_core.errors import DataError
from tests.data import made_files


def pairs(*images):
    return [(f"picture {k}", made_files.encoded(image)) for k, image in enumerate(images)]


def test_one_size_stays():
    made = [made_files.picture(k, (20, 12)) for k in range(3)]
    images, kept = decoding.decode_all(pairs(*made))
    assert images.shape == (3, 3, 12, 20) and images.dtype == np.uint8 and kept.all()
    assert np.array_equal(images[1].transpose(1, 2, 0), np.asarray(made[1]))


@pytest.mark.parametrize(
    ("sizes", "side"),
    [
        ([(20, 20), (30, 25)], 32),
        ([(20, 20), (40, 40)], 64),
        ([(100, 80), (100, 80)], 64),
        ([(500, 20), (10, 10)], 32),
        ([(4, 4), (4, 4)], 32),
    ],
)
def test_mixed_large_and_tiny_sizes_become_one(sizes, side):
    images, _ = decoding.decode_all(pairs(*(made_files.picture(k, size) for k, size in enumerate(sizes))))
    assert images.shape[2:] == (side, side)
    for k, image in enumerate(images):  # one colour stays one colour
        assert np.array_equal(np.unique(image.reshape(3, -1), axis=1)[:, 0], made_files.picture(k).getpixel((0, 0)))


def test_a_wide_picture_is_cut_to_its_middle():
    wide = Image.new("RGB", (200, 100), "red")
    wide.paste("blue", (50, 0, 150, 100))
    images, _ = decoding.decode_all(pairs(wide))
    assert images.shape == (1, 3, 64, 64)
    assert (images[0, 2] == 255).all() and (images[0, 0] == 0).all()


def test_grey_stays_grey_and_mixes_become_colour():
    grey = [made_files.picture(k, mode="L") for k in range(3)]
    assert decoding.decode_all(pairs(*grey))[0].shape[1] == 1
    mixed, _ = decoding.decode_all(pairs(grey[0], made_files.picture(1)))
    assert mixed.shape[1] == 3 and (mixed[0] == mixed[0, :1]).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_can_be_read(mode):
    image = Image.new("I;16", (9, 9), 200 * 256) if mode == "I;16" else Image.new("RGB", (9, 9), "white").convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    array = decoding.decode(made_files.encoded(image, kind))
    assert array.dtype == np.uint8
    assert (array == (200 if mode == "I;16" else 255)).all()
    assert array.shape == (9, 9, 1 if mode in ("1", "L", "LA", "I;16") else 3)


@pytest.mark.parametrize(("mode", "clear"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_what_is_transparent_is_white(mode, clear):
    assert (decoding.decode(made_files.encoded(Image.new(mode, (9, 9), clear))) == 255).all()


def test_a_photograph_is_turned_as_its_notes_say():
    image = Image.new("RGB", (20, 10), "red")
    image.paste("blue", (10, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    array = decoding.decode(buffer.getvalue())
    assert array.shape == (20, 10, 3) and array[0, 0].tolist() == [255, 0, 0] and array[-1, 0].tolist() == [0, 0, 255]


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is very large."""
    kind = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = struct.pack(">I", 13) + kind + struct.pack(">I", zlib.crc32(kind))
    plain = made_files.encoded(made_files.picture(0))
    return plain[:8] + head + plain[33:]


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(size):
    with pytest.raises(DataError, match="pixels"):
        decoding.decode_all([("bomb.png", bomb(*size))])


def test_a_huge_file_is_refused(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_BYTES", 50)
    with pytest.raises(DataError, match=r"picture 0: a picture of .* bytes; at most 50"):
        decoding.decode_all(pairs(made_files.picture(0)))


def test_the_limit_of_one_encoded_picture_is_64_mebibytes():
    with pytest.raises(DataError, match="at most 67,108,864 are read"):
        decoding.decode(bytes(64 * 2**20 + 1))


DAMAGED = {
    "text": b"this is not a picture",
    "empty": b"",
    "cut short": made_files.encoded(made_files.picture(0, (40, 40)))[:60],
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damage_has_a_message_with_the_name(kind):
    with pytest.raises(DataError, match="bad one"):
        decoding.decode_all([*pairs(made_files.picture(0)), ("bad one", DAMAGED[kind])])


def test_a_few_that_cannot_be_read_are_left_out_with_a_warning():
    made = pairs(*(made_files.picture(k) for k in range(150)))
    made[17] = ("bad one", b"")
    with pytest.warns(UserWarning, match="1 of 150 pictures cannot be read, first bad one"):
        images, kept = decoding.decode_all(made)
    assert len(images) == 149 and kept.sum() == 149 and not kept[17]


def test_decoded_pictures_are_kept_until_a_file_changes(tmp_path):
    path = tmp_path / "a.png"
    made_files.picture(0).save(path)
    calls = []

    def build():
        calls.append(1)
        return np.full((1, 3, 8, 8), len(calls), np.uint8), np.array([True])

    def get():
        return decoding.cached(decoding.key([path], []), build)[0].max()

    assert (get(), get()) == (1, 1)
    made_files.picture(1, (30, 30)).save(path)
    assert get() == 2
    os.utime(path, ns=(1, 1))  # another picture of the same length
    assert get() == 3
    (kept,) = [p for p in decoding.folder().iterdir() if p.stem == decoding.key([path], [])]
    kept.write_bytes(kept.read_bytes()[:40])  # damaged: decoded again, not an error
    assert get() == 4
    assert not list(decoding.folder().glob("*.tmp"))


def test_the_oldest_kept_pictures_go_first(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_CACHE_BYTES", 2_500)
    made = (np.zeros((1, 1, 30, 30), np.uint8), np.array([True]))
    for name in ("a", "b", "c", "d"):
        decoding.cached(name, lambda: made)
    assert len(list(decoding.folder().iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_obstacle(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SIMSSL_CACHE", str(tmp_path / "file"))
    made = (np.zeros((1, 1, 8, 8), np.uint8), np.array([True]))
    assert decoding.cached("a", lambda: made) is made
