"""The Traverse page without a browser, and the explorer behind it: sliders, lines, draws, nearest images."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from simssl_core.analysis.explorer import Explorer
from simssl_core.errors import CheckpointError
from tests.small_runs import small_runs

PAGE = str(Path(__file__).parents[2] / "pages" / "traverse.py")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    small_runs(root, "sprites", ["simvae", "vae", "simclr"])
    return root


@pytest.fixture
def page(shelf, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(shelf))
    return AppTest.from_file(PAGE, default_timeout=120)


@pytest.fixture(scope="module")
def explorer(shelf):
    return Explorer(shelf / "small-simvae")


def told(at: AppTest) -> str:
    """All text on the page."""
    return " ".join(str(item.value) for kind in (at.markdown, at.caption) for item in kind)


def given(at: AppTest, name: str) -> dict:
    """What the component called ``name`` was given."""
    protos = [item.proto for item in at.get("bidi_component")]
    return next(json.loads(p.json) for p in protos if p.component_name == f"simssl_{name}")


def pixels(address: str) -> np.ndarray:
    """The picture in a data address."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def slide(at: AppTest, offsets: dict, seq: int = 1, about: str | None = None) -> AppTest:
    about = given(at, "sliders")["key"] if about is None else about
    at.session_state["traverse"] = {"move": {"key": about, "seq": seq, "offsets": offsets}}
    return at.run()


def test_no_runs_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    at = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not at.exception and "No run to look into yet" in told(at)


def test_a_slider_moves_the_picture_and_zero_brings_it_back(page):
    page.query_params.update({"run": "small-simvae", "image": "5"})
    at = page.run()
    assert not at.exception
    start = given(at, "sliders")
    assert (
        start["key"] == "small-simvae|5|dimensions"
        and len(start["dims"]) == 8
        and pixels(start["before"]).shape == (32, 32, 3)
    )
    k = start["dims"][0]["k"]
    moved = given(slide(at, {str(k): 3.0}), "sliders")
    assert moved["seq"] == 1 and moved["after"] != start["after"] and moved["before"] == start["before"]
    back = given(slide(at, {}, seq=2), "sliders")
    assert back["after"] == start["after"]


def test_a_move_of_another_image_is_ignored(page):
    page.query_params.update({"run": "small-simvae", "image": "5"})
    at = page.run()
    start = given(at, "sliders")["after"]
    assert given(slide(at, {"0": 3.0}, about="small-simvae|6|dimensions"), "sliders")["after"] == start


@pytest.mark.parametrize("offsets", [{"999": 1.0}, {"-1": 2.0}, {"x": 1}, {"0": "much"}, [1], None])
def test_an_invalid_move_does_no_harm(page, offsets):
    page.query_params["run"] = "small-simvae"
    at = page.run()
    assert not slide(at, offsets).exception


def test_all_dimensions_on_request(page):
    page.query_params["run"] = "small-simvae"
    at = page.run()
    assert given(at, "sliders")["more"] == "Show 4 more"
    at.session_state["traverse"] = {"all": True}
    assert len(given(at.run(), "sliders")["dims"]) == 12


def test_without_a_decoder_real_images_stand_in_and_the_page_says_so(page):
    page.query_params["run"] = "small-simclr"
    at = page.run()
    assert not at.exception and "has no decoder" in told(at)
    data = given(at, "sliders")
    assert data["near"] and "nearest real image" in data["words"]["moved"]
    assert at.get("button_group")[-1].proto.options[0].content == "Nearest images"


@pytest.mark.parametrize(
    "panel", ["Between two images", "New views of it", "Mix content and style", "Out of nothing", "Nearest images"]
)
@pytest.mark.parametrize("run", ["small-simvae", "small-vae"])
def test_every_panel_shows_a_picture(page, run, panel):
    page.query_params.update({"run": run, "image": "3"})
    at = page.run()
    at.session_state["more"] = panel
    at.run()
    assert not at.exception and not at.error and len(at.get("image")) == 1


def test_a_damaged_run_shows_an_error_message(shelf, tmp_path, monkeypatch):
    shutil.copytree(shelf / "small-vae", tmp_path / "small-vae")
    weights = tmp_path / "small-vae" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    at = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not at.exception and at.error and "Traceback" not in at.error[0].value


def test_images_are_exact_where_the_data_are_made_here(explorer):
    from simssl_core.data import catalog

    test = catalog.load(explorer.record.config.data).test.images.numpy()
    known = {image.tobytes() for image in test}
    assert explorer.gallery.exact and all(
        image.tobytes() in known for image in explorer.gallery.images[explorer.held_out]
    )


def test_images_come_from_the_map_where_the_data_are_not(shelf, tmp_path):
    folder = tmp_path / "small-simvae"
    shutil.copytree(shelf / "small-simvae", folder)
    record = json.loads((folder / "run.json").read_text())
    record["dataset"]["name"] = record["config"]["data"]["name"] = "mnist"  # whose files need not be here
    (folder / "run.json").write_text(json.dumps(record))
    other, own = Explorer(folder), Explorer(shelf / "small-simvae")
    assert not other.gallery.exact
    near = np.abs(other.gallery.images.astype(int) - own.gallery.images).mean()
    assert 0 < near < 12, "compressed, but the same images in the same order"


def test_a_run_with_neither_map_nor_data_raises_an_error(shelf, tmp_path):
    folder = tmp_path / "small-simvae"
    shutil.copytree(shelf / "small-simvae", folder)
    shutil.rmtree(folder / "map")
    assert len(Explorer(folder).gallery) == 200, "sprites are drawn anew"
    record = json.loads((folder / "run.json").read_text())
    record["dataset"]["name"] = record["config"]["data"]["name"] = "mnist"
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="no map"):
        Explorer(folder)


def test_a_sweep_changes_one_dimension_by_deviations(explorer):
    z = explorer.latents[7]
    deviation = explorer.latents[explorer.held_out].std(0, correction=0)
    k = int(deviation.argmax())
    swept = explorer.sweep(z, np.array([-2.0, 0.0]), 1)
    alone = z.clone()
    alone[k] -= 2 * deviation[k]
    assert swept.shape == (1, 2, 3, 32, 32)
    assert explorer.ways["dimensions"].names[0] == f"z{k + 1}"
    assert explorer.moved(z, {0: -2.0}).numpy() == pytest.approx(alone.numpy(), abs=1e-5)
    assert np.abs(swept[0, 0].astype(int) - explorer.draw(alone)[0]).max() <= 1
    assert np.abs(swept[0, 1].astype(int) - explorer.draw(z)[0]).max() <= 1
    assert (np.diff(explorer.ways["dimensions"].std.numpy()) <= 0).all()


def test_style_and_content_directions_come_from_the_clouds(explorer):
    views = explorer.gallery.views()
    assert views.shape == (6, 4) and (explorer.gallery.cloud[views] == np.arange(4)).all()
    principal = ["dimensions", "style directions", "content directions"]
    assert list(explorer.ways) == [*principal, "class directions", "factor directions"]
    assert {"x", "scale", "hue (sine)", "hue (cosine)", "background"} <= set(explorer.ways["factor directions"].names)
    assert set(explorer.ways["class directions"].names) <= set(explorer.gallery.names)
    for ways in map(explorer.ways.get, principal):
        assert (ways.vectors @ ways.vectors.T).numpy() == pytest.approx(np.eye(len(ways)), abs=1e-4)
    latents = explorer.latents[views]
    inner = latents - latents.mean(0)
    first = explorer.ways["style directions"]
    assert float((inner @ first.vectors[0]).std(correction=0)) == pytest.approx(float(first.std[0]), rel=1e-3)


def test_mixing_an_image_with_itself_changes_nothing(explorer):
    table = explorer.mixed([0, 3], [0, 3, 5])
    own = explorer.draw(explorer.latents[[0, 3]])
    assert table.shape == (2, 3, 3, 32, 32)
    assert np.abs(table[[0, 1], [0, 1]].astype(int) - own).max() <= 1
    assert np.abs(table[0, 1].astype(int) - own[0]).max() > 0


def test_nearest_agrees_with_brute_force(explorer):
    z = explorer.latents[:4]
    known = explorer.latents[explorer.held_out].numpy()
    z = z.numpy()
    expected = [explorer.held_out[np.argsort(((known - row) ** 2).sum(1))[:5]] for row in z]
    assert (explorer.nearest(z, 5) == np.array(expected)).all()
    assert (explorer.nearest(z, 5)[:, 0] == np.arange(4)).all()


def test_new_views_spread_by_sigma_for_simvae_and_by_the_posterior_for_vae(shelf, explorer, monkeypatch):
    seen = {}
    monkeypatch.setattr(Explorer, "draw", lambda self, z: seen.setdefault(self.record.objective, np.asarray(z)))
    for one in (explorer, Explorer(shelf / "small-vae")):
        one.new_views(0, 4000, seed=1)
    assert np.std(seen["simvae"] - explorer.latents[0].numpy()) == pytest.approx(np.sqrt(0.15), rel=0.03)
    vae = Explorer(shelf / "small-vae")
    import torch

    log_var = vae.objective.posterior(torch.as_tensor(vae.gallery.images[:1]).float() / 255)[1]
    expected = (0.5 * log_var).exp().detach().numpy()[0]
    assert np.std(seen["vae"] - vae.latents[0].numpy(), axis=0) == pytest.approx(expected, rel=0.08)


def test_the_prior_is_the_objectives_own(shelf, explorer, monkeypatch):
    seen = {}
    monkeypatch.setattr(Explorer, "draw", lambda self, z: seen.setdefault(self.record.objective, np.asarray(z)))
    words = explorer.from_prior(4000, seed=1)[1]
    known = explorer.latents[explorer.held_out].numpy()
    assert "flat" in words and np.cov(seen["simvae"].T) == pytest.approx(
        np.cov(known.T), abs=0.1 * np.cov(known.T).max()
    )
    vae = Explorer(shelf / "small-vae")
    assert "N(0, I)" in vae.from_prior(4000, seed=1)[1] and seen["vae"].std() == pytest.approx(1, rel=0.02)
    with pytest.raises(CheckpointError, match="no decoder"):
        Explorer(shelf / "small-simclr").from_prior(4, seed=1)
