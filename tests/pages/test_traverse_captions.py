"""Traverse from a caption: words become images, images become words, and unknown words are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from simssl_core.analysis import prompts
from simssl_core.analysis.explorer import Explorer
from simssl_core.data import catalog
from simssl_core.errors import CheckpointError
from simssl_core.presets import recommended
from simssl_core.storage.checkpoints import write_run
from simssl_core.training.loop import Race
from tests.pages.test_traverse import told
from tests.small_runs import small_runs

PAGE = str(Path(__file__).parents[2] / "pages" / "traverse.py")
PAIR = "small-simvae_multimodal"


def taught(root: Path) -> None:
    """Three steps on sprites and their captions, kept in place of the untrained weights."""
    config = recommended(
        "sprites",
        ["simvae_multimodal"],
        name="small",
        views={"shared": ("shape", "hue", "scale")},
        data={"train": 64, "test": 200},
        model={"encoder": "mlp", "hidden": (32,), "width": 12},
        train={"map_points": 120, "batch": 8, "steps": 3},
    )
    race = Race(config, catalog.load(config.data))
    assert [progress.step for progress in race.run()][-1] == 3
    objective = race.members["simvae_multimodal"].objective
    write_run(root / PAIR, race.record("simvae_multimodal", status="finished"), objective)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    small_runs(root, "sprites", ["simvae_multimodal", "clip", "simvae"])
    taught(root)
    return root


@pytest.fixture
def page(shelf, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(shelf))
    at = AppTest.from_file(PAGE, default_timeout=120)
    at.query_params.update({"run": PAIR, "image": "5", "more": "From a caption"})
    return at


@pytest.fixture(scope="module")
def explorer(shelf):
    return Explorer(shelf / PAIR)


def pictures(at: AppTest) -> str:
    """The address of the picture in the panel, "" without one."""
    return next((image.proto.imgs[0].url for image in at.get("image")), "")


def test_typed_words_become_images_and_the_image_becomes_words(page, explorer):
    at = page.run()
    assert not at.exception and not at.warning
    assert at.text_input(key="caption").value == explorer.gallery.name(5), "starts with the chosen image's class"
    before = pictures(at)
    at.text_input(key="caption").set_value("Large red heart, small").run()
    assert not at.exception and not at.warning
    assert pictures(at) not in ("", before)
    read = prompts.words_for_image(explorer, explorer.gallery.images[5]) or "none"
    assert read in told(at).partition("The chosen image in this run’s words:")[2]
    assert "The first of them, read back:" in told(at)


def test_a_picked_word_joins_the_caption(page):
    at = page.run()
    start = at.text_input(key="caption").value
    at.pills(key="caption_word").set_value("purple").run()
    assert at.text_input(key="caption").value == f"{start} purple" and not at.pills(key="caption_word").value


def test_an_unknown_word_is_named_and_the_others_are_used(page, explorer):
    at = page.run()
    at.text_input(key="caption").set_value("large red heart").run()
    plain = pictures(at)
    at.text_input(key="caption").set_value("large red zeppelin heart").run()
    (warning,) = at.warning
    assert "“zeppelin”" in warning.value and "“large”" not in warning.value
    assert set(at.pills(key="caption_word").options) == set(prompts.vocabulary(explorer)), "the known words are shown"
    assert pictures(at) == plain
    at.text_input(key="caption").set_value("zeppelin").run()
    assert not at.exception and len(at.warning) == 1 and not pictures(at)
    assert "Type or pick words" in told(at)


def test_clip_finds_the_real_images_that_suit_the_caption(page, shelf):
    page.query_params.update({"run": "small-clip"})
    at = page.run()
    assert not at.exception and pictures(at) and "cannot draw from words" in told(at)
    assert "in this run’s words" not in told(at)
    clip = Explorer(shelf / "small-clip")
    images = torch.as_tensor(clip.gallery.images[clip.held_out]).float() / 255
    with torch.no_grad():
        scores = clip.objective.similarity(images, prompts.tokens(clip, "heart"))[:, 0].numpy()
    best = prompts.best_matching_images(clip, "heart", 5)
    order = [int(np.flatnonzero(clip.held_out == place)[0]) for place in best]
    assert len(set(order)) == 5 and np.allclose(scores[order], np.sort(scores)[::-1][:5], atol=1e-5)
    with pytest.raises(CheckpointError, match="writes none"):
        prompts.words_for_image(clip, clip.gallery.images[0])


def test_objectives_that_read_no_captions_do_not_offer_it(page):
    page.query_params.update({"run": "small-simvae"})
    at = page.run()
    assert not at.exception
    more = next(group for group in at.button_group if group.key == "more")
    assert "From a caption" not in more.options and "Out of nothing" in more.options


def test_the_first_image_is_the_captions_mean_and_draws_lie_around_it_as_the_model_says(explorer, monkeypatch):
    row = prompts.tokens(explorer, "red heart")
    with torch.no_grad():
        mean, log_var = explorer.objective.text_posterior(row)
        expected = explorer.objective.imagine(row)[0].mul(255).round().numpy()
    seen = []
    decode = type(explorer.objective).decode
    monkeypatch.setattr(explorer.objective, "decode", lambda z: (seen.append(z), decode(explorer.objective, z))[1])
    drawn = prompts.images_for_caption(explorer, "red heart", 4000, seed=1)
    assert drawn.shape == (4001, 3, 32, 32) and np.abs(drawn[0] - expected).max() <= 1
    z = seen[-1]
    variance = log_var.exp()[0] + 2 * explorer.objective.settings.sigma2
    assert torch.allclose(z.mean(0), mean[0], atol=float(5 * (variance.max() / 4000) ** 0.5))
    assert torch.allclose(z.var(0), variance, rtol=0.15)


def test_only_words_from_the_training_captions_are_known(shelf, explorer):
    assert {"red", "large", "heart"} <= set(prompts.vocabulary(explorer))
    assert prompts.unknown_words(explorer, "large heart on the left") == ("on", "the", "left"), (
        "its captions told no place"
    )
    shapes_only = Explorer(shelf / "small-clip")
    assert prompts.unknown_words(shapes_only, "red heart") == ("red",)
    assert prompts.tokens(shapes_only, "red heart").tolist() == prompts.tokens(shapes_only, "heart").tolist()


def test_a_caption_without_a_known_word_is_refused(explorer):
    assert prompts.unknown_words(explorer, "Zeppelin, red zeppelin") == ("zeppelin",)
    with pytest.raises(CheckpointError, match="knows no word"):
        prompts.images_for_caption(explorer, "zeppelin", 2, seed=0)
