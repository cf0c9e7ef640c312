"""The Latent map page without a browser: its controls, what it shows of a selection, and missing or damaged maps."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from simssl_core.analysis import latent_map
from simssl_core.analysis.gallery import open_gallery
from simssl_core.encoder import load
from simssl_core.errors import CheckpointError
from simssl_core.storage import map_files
from tests.small_runs import STEPS, small_runs

PAGE = str(Path(__file__).parents[2] / "pages" / "latent_map.py")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    small_runs(root, "sprites", ["simvae", "simclr"])
    small_runs(root, "digits", ["vicreg"], name="other")
    return root


@pytest.fixture
def page(shelf, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(shelf))
    return AppTest.from_file(PAGE, default_timeout=60)


def page_text(at: AppTest) -> str:
    """All text on the page."""
    return " ".join(str(item.value) for kind in (at.markdown, at.caption, at.html) for item in kind)


def map_data(at: AppTest) -> dict:
    """The data that the map component received."""
    return json.loads(at.get("bidi_component")[0].proto.json)


def test_no_runs_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    at = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not at.exception
    assert "No map to show yet" in page_text(at)


def test_two_runs_share_points_colours_and_time(page):
    page.query_params["runs"] = ["small-simvae", "small-simclr"]
    at = page.run()
    assert not at.exception
    first, second = map_data(at)["maps"]
    assert (first["id"], second["id"]) == ("small-simvae", "small-simclr")
    assert first["group"] == second["group"], "the same images: hover and lasso must be linked"
    assert first["codes"] == second["codes"] and first["frames"]["steps"] == list(STEPS)
    assert first["frames"]["url"] != second["frames"]["url"] and first["sheet"]["url"] == second["sheet"]["url"]


def test_another_data_set_is_not_linked(page):
    page.query_params["runs"] = ["small-simvae", "other-vicreg"]
    first, second = map_data(page.run())["maps"]
    assert first["group"] != second["group"]


def test_colours_follow_the_address(page):
    page.query_params.update({"runs": ["small-simvae"], "colour": "hue", "kind": "PCA"})
    at = page.run()
    panel = map_data(at)["maps"][0]
    assert panel["colour"]["legend"]["kind"] == "circle" and panel["frames"]["kind"] == "pca"
    assert "keeps hue" in page_text(at)
    at.selectbox(key="colour").select("instance").run()
    assert map_data(at)["maps"][0]["colour"]["legend"]["kind"] == "instances"
    assert map_data(at)["maps"][0]["colour"]["views"], "the clouds must be drawn when only they have colour"


def test_selection_shows_what_its_points_share(page, shelf):
    page.query_params["runs"] = ["small-simvae", "small-simclr"]
    at = page.run()
    group = map_data(at)["maps"][0]["group"]
    table = latent_map.read_points(latent_map.open_map(shelf / "small-simvae"))
    selected = np.flatnonzero((table["label"] == 3) & (table["instance"] < 0)).tolist()
    at.session_state["latent_map"] = {
        "selection": {"run": "small-simvae", "group": group, "points": selected},
        "step": -1,
    }
    at.run()
    assert not at.exception
    text = page_text(at)
    assert f"{len(selected)} points selected" in text and "100%" in text
    assert "Nearest on simvae" in text and "Nearest on simclr" in text
    assert len(at.get("image")) == 3, "one picture of the selection, one of the neighbours on each map"


def page_with_selected_point(page, run: str, point: int) -> AppTest:
    """The page with one point selected."""
    page.query_params["runs"] = [run]
    at = page.run()
    group = map_data(at)["maps"][0]["group"]
    at.session_state["latent_map"] = {"selection": {"run": run, "group": group, "points": [point]}, "step": -1}
    return at.run()


def test_one_point_is_joined_to_its_neighbours_in_the_representation(page, shelf):
    at = page_with_selected_point(page, "small-simvae", 7)
    assert not at.exception
    links = map_data(at)["maps"][0]["links"]
    encoder = load(shelf / "small-simvae")
    run_map = latent_map.open_map(shelf / "small-simvae")
    held_out = latent_map.read_points(run_map)["instance"].to_numpy() < 0
    z = encoder(open_gallery(run_map.folder, run_map.record).images)
    distances = np.where(held_out, np.linalg.norm(z - z[7], axis=1), np.inf)
    distances[7] = np.inf
    assert links["point"] == 7 and links["near"] == np.argsort(distances)[:12].tolist()
    assert "Nearest to it for simvae" in page_text(at) and "of 12 are" in page_text(at)


def sketch() -> str:
    """A drawn ring, encoded as the sheet sends it."""
    y, x = np.mgrid[:64, :64] - 31.5
    ring = (abs(np.hypot(x, y) - 20) < 4).astype(np.uint8) * 255
    return base64.b64encode(np.repeat(ring[..., None], 3, -1).tobytes()).decode()


def test_a_drawing_is_placed_among_its_nearest_images_in_the_representation(page):
    page.query_params["runs"] = ["other-vicreg"]
    at = page.run()
    assert map_data(at)["maps"][0]["links"] is None and "nearest images in the representation" in page_text(at)
    at.session_state["map_pad"] = {"drawing": sketch()}
    at.run()
    assert not at.exception
    links = map_data(at)["maps"][0]["links"]
    assert links["point"] == -1 and len(links["near"]) == 5 and sum(links["weights"]) == pytest.approx(1)
    assert links["weights"] == sorted(links["weights"], reverse=True) and links["picture"].startswith("data:image/png")
    assert "Nearest to it for vicreg" in page_text(at)


def test_a_colour_run_offers_no_sheet_and_an_invalid_drawing_is_ignored(page):
    page.query_params["runs"] = ["small-simvae"]
    assert "reads your drawing" not in page_text(page.run())
    page.query_params["runs"] = ["other-vicreg"]
    at = page.run()
    for bad in ("####", base64.b64encode(b"short").decode(), 7, "A" * 1_000_000):
        at.session_state["map_pad"] = {"drawing": bad}
        at.run()
        assert not at.exception and map_data(at)["maps"][0]["links"] is None


@pytest.mark.parametrize("points", [[10_000], ["x", None, -3], "all", None])
def test_an_invalid_selection_is_ignored(page, points):
    page.query_params["runs"] = ["small-simvae"]
    at = page.run()
    group = map_data(at)["maps"][0]["group"]
    at.session_state["latent_map"] = {"selection": {"run": "../..", "group": group, "points": points}, "step": "soon"}
    at.run()
    assert not at.exception and "Nothing selected yet" in page_text(at)


def test_three_dimensions(page):
    page.query_params.update({"runs": ["small-simvae", "small-simclr"], "space": "3-D"})
    at = page.run()
    assert not at.exception and len(at.get("plotly_chart")) == 2
    assert "PCA stands in" in page_text(at)


def test_a_damaged_map_shows_an_error_message(shelf, page, tmp_path, monkeypatch):
    small_runs(tmp_path, "digits", ["vae"], name="bad", points=100)
    (tmp_path / "bad-vae" / "map" / map_files.POINTS).write_bytes(b"PAR1 and then nothing")
    monkeypatch.setenv("SIMSSL_RUNS", str(tmp_path))
    at = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not at.exception
    assert "damaged" in at.error[0].value


def test_layouts_survive_quantisation():
    layouts = np.random.default_rng(0).normal(size=(3, 50, 2)).astype(np.float32) * [1, 100]
    raw, low, high = latent_map.quantise(layouts)
    back = np.frombuffer(raw, "<u2").reshape(3, 50, 2) / 65535 * (np.array(high) - low) + low
    assert (np.abs(back - layouts).max(axis=(0, 1)) <= 0.6 * (np.array(high) - low) / 65535).all()


def test_collapsed_layout_does_not_divide_by_zero():
    raw, low, high = latent_map.quantise(np.full((2, 5, 2), 7.0, np.float32))
    assert set(raw) == {0} and low == [7, 7] and high == [8, 8]


def test_images_come_back_from_the_sheet(shelf):
    run_map = latent_map.open_map(shelf / "other-vicreg")
    images = latent_map.read_images(run_map)
    assert images.shape == (run_map.count, 8, 8, 3) and images.std() > 20


def test_nearest_points_exclude_the_selected_ones():
    layout = np.array([[0, 0], [1, 0], [2, 0], [5, 0], [0.5, 0]], np.float32)
    among = np.array([True, True, True, True, False])
    assert latent_map.nearest_points(layout, np.array([0]), 2, among).tolist() == [1, 2]
    assert latent_map.nearest_points(layout, np.array([], int), 2, among).tolist() == []


def test_spread_treats_angles_as_circular(shelf):
    table = latent_map.read_points(latent_map.open_map(shelf / "small-simvae"))
    near_red = np.flatnonzero(np.cos(table["hue"]) > 0.9)  # on both sides of 0°
    round_, straight = (
        latent_map.spreads(table, near_red, frozenset(names)).set_index("factor")["spread"]["hue"]
        for names in (("hue",), ())
    )
    assert round_ < 0.1 < straight


def test_a_run_without_a_map_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="no map yet"):
        latent_map.open_map(tmp_path)
