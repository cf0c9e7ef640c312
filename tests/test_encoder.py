"""``z = encoder(images)`` for whatever a person holds."""

import numpy as np
import pytest
import torch
from PIL import Image

import simssl_core as lab
from simssl_core.encoder import batch
from simssl_core.errors import ConfigError, ShapeError
from simssl_core.storage import checkpoints


@pytest.fixture(scope="module")
def folder(config, dataset, tmp_path_factory):
    from simssl_core.training.loop import Race

    race, root = Race(config, dataset), tmp_path_factory.mktemp("runs")
    for label, member in race.members.items():
        checkpoints.write_run(root / f"race-{label}", race.record(label), member.objective)
    return root


@pytest.fixture(scope="module")
def encoder(folder):
    return lab.load(folder / "race-simvae")


@pytest.fixture(scope="module")
def images(dataset):
    return dataset.test.images[:5]  # uint8 (5, 1, 8, 8)


@pytest.fixture(scope="module")
def expected(encoder, images):
    """The objective itself, called directly."""
    with torch.no_grad():
        return encoder.objective.encode(images.float() / 255)


FORMS = {
    "uint8 tensor": lambda x: x,
    "int64 tensor": lambda x: x.long(),
    "float tensor": lambda x: x.float() / 255,
    "float64 tensor": lambda x: x.double() / 255,
    "channels last": lambda x: x.permute(0, 2, 3, 1),
    "no channel": lambda x: x[:, 0],
    "not contiguous": lambda x: x.repeat_interleave(2, dim=0)[::2],
    "uint8 array": lambda x: x.numpy(),
    "uint16 array": lambda x: x.numpy().astype(np.uint16),
    "float array": lambda x: x.numpy() / np.float32(255),
    "reversed strides": lambda x: x.numpy()[:, :, ::-1].copy()[:, :, ::-1],
    "list of PIL": lambda x: [Image.fromarray(i[0].numpy()) for i in x],
    "list of colour PIL": lambda x: [Image.fromarray(i[0].numpy()).convert("RGB") for i in x],
    "list of arrays": lambda x: [i.numpy() for i in x],
    "tuple of tensors": lambda x: tuple(x),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_representation(encoder, images, expected, form):
    given = FORMS[form](images)
    z = encoder(given)
    torch_in = isinstance(given, torch.Tensor) or (isinstance(given, tuple) and isinstance(given[0], torch.Tensor))
    assert isinstance(z, torch.Tensor if torch_in else np.ndarray)
    assert tuple(z.shape) == (5, encoder.width) and str(z.dtype).endswith("float32")
    torch.testing.assert_close(torch.as_tensor(z), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("single", [lambda x: x[0], lambda x: x[0, 0], lambda x: x[0].permute(1, 2, 0)])
def test_one_image_gives_one_row(encoder, images, expected, single):
    torch.testing.assert_close(encoder(single(images)), expected[:1], rtol=1e-4, atol=1e-5)


def test_many_images_go_in_batches(encoder, images, expected):
    z = encoder(images.repeat(300, 1, 1, 1))
    assert z.shape == (1500, encoder.width)
    torch.testing.assert_close(z[-5:], expected, rtol=1e-4, atol=1e-5)


def test_no_image_gives_no_row(encoder):
    assert encoder([]).shape == (0, encoder.width)
    assert encoder(torch.zeros(0, 1, 8, 8)).shape == (0, encoder.width)


def test_no_gradient_is_kept(encoder, images):
    assert not encoder((images.float() / 255).requires_grad_()).requires_grad


WRONG = {
    "larger": (np.zeros((2, 1, 9, 9), np.uint8), r"\(2, 1, 9, 9\).*\(N, 1, 8, 8\)"),
    "colour": (np.zeros((2, 3, 8, 8), np.uint8), "resize or convert"),
    "flat": (np.zeros((2, 64), np.float32), r"\(2, 64\)"),
    "five axes": (np.zeros((2, 2, 1, 8, 8), np.uint8), r"\(2, 2, 1, 8, 8\)"),
    "a number": (3.0, r"shape \(1,\)|shape \(\)"),
    "0..255 as float": (np.full((1, 1, 8, 8), 200.0), "divide"),
    "standardised": (np.full((1, 1, 8, 8), -1.0), "standardisation"),
    "NaN": (np.full((1, 1, 8, 8), np.nan), "nan"),
    "int above 255": (np.full((1, 1, 8, 8), 300), "0 to 255"),
    "negative int": (np.full((1, 1, 8, 8), -3), "0 to 255"),
    "complex": (torch.zeros(1, 1, 8, 8, dtype=torch.complex64), "real"),
    "text": ("cat.png", "numbers"),
    "ragged list": ([np.zeros((8, 8)), np.zeros((9, 8))], "different shapes"),
    "large PIL": (Image.new("L", (16, 16)), "resize"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_images_are_named(encoder, kind):
    given, message = WRONG[kind]
    with pytest.raises(ShapeError, match=message):
        encoder(given)


def test_grey_images_for_a_colour_encoder_are_explained():
    with pytest.raises(ShapeError, match="repeat the channel 3 times"):
        batch(torch.zeros(5, 32, 32), (3, 32, 32))


def test_channels_first_wins_where_both_could_be():
    image = torch.arange(27.0).view(1, 3, 3, 3)
    assert torch.equal(batch(image, (3, 3, 3)), image)


@pytest.mark.parametrize("kind", [torch.as_tensor, np.asarray])
def test_decode_gives_images(encoder, images, expected, kind):
    pictures = encoder.decode(kind(expected))
    assert tuple(pictures.shape) == (5, 1, 8, 8) and isinstance(pictures, type(kind(expected)))
    assert 0 <= float(pictures.min()) <= float(pictures.max()) <= 1
    one = encoder.decode(kind(expected)[0])
    np.testing.assert_allclose(np.asarray(one)[0], np.asarray(pictures)[0], atol=1e-5)
    with pytest.raises(ShapeError, match=rf"\(N, {encoder.width}\)"):
        encoder.decode(np.zeros((2, encoder.width + 1)))


def test_without_a_decoder_it_says_so(folder):
    with pytest.raises(ConfigError, match="no decoder"):
        lab.load(folder / "race-simclr").decode(np.zeros((1, 6)))


def test_binarised_runs_see_binarised_images(config, dataset, tmp_path):
    from simssl_core.config import RunConfig
    from simssl_core.training.loop import Race

    black_white = RunConfig.model_validate(config.model_dump() | {"views": {"binarise": True}})
    race = Race(black_white, dataset)
    checkpoints.write_run(tmp_path / "race-vae", race.record("vae"), race.members["vae"].objective)
    encoder, index = lab.load(tmp_path / "race-vae"), torch.arange(5)
    plain = race.view_maker.plain(dataset.test, index)
    with torch.no_grad():
        expected = encoder.objective.encode(plain)
    assert set(plain.unique().tolist()) == {0, 1}
    torch.testing.assert_close(encoder(dataset.test.images[:5]), expected, rtol=1e-4, atol=1e-5)


def test_it_says_what_it_is(encoder):
    assert repr(encoder) == "Encoder(race-simvae: simvae on digits, [1, 8, 8] -> 6, cpu)"
    assert encoder.to("cpu") is encoder
    with pytest.raises(ConfigError):
        encoder.to("tpu")
