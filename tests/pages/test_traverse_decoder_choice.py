"""Traverse for an objective without a decoder: a memory decoder draws, real images stay as the alternative."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from simssl_core.analysis import memory_decoders
from simssl_core.analysis.explorer import Explorer
from simssl_core.errors import CheckpointError
from simssl_core.jobs import background_tasks
from tests.pages.test_traverse import given, slide, told
from tests.small_runs import small_runs

PAGE = str(Path(__file__).parents[2] / "pages" / "traverse.py")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    small_runs(root, "digits", ["simclr", "vicreg"], points=100)
    list(memory_decoders.learn(root / "small-simclr", seconds=60, steps=60))
    return root


@pytest.fixture
def page(shelf, monkeypatch):
    monkeypatch.setenv("SIMSSL_RUNS", str(shelf))
    return AppTest.from_file(PAGE, default_timeout=120)


def test_sliders_move_what_the_memory_decoder_draws(page):
    page.query_params.update({"run": "small-simclr", "image": "3"})
    at = page.run()
    assert not at.exception and "memory decoder" in told(at) and "can still be drawn" in told(at)
    start = given(at, "sliders")
    assert start["near"] is None and start["words"]["still"] == "its representation, drawn by the memory decoder"
    moved = given(slide(at, {"0": 3.0}), "sliders")
    assert moved["after"] != start["after"]


def test_real_images_stay_as_the_alternative(page):
    page.query_params.update({"run": "small-simclr", "image": "3"})
    at = page.run()
    at.session_state["drawing"] = "Nearest real images"
    at.run()
    assert not at.exception and given(at, "sliders")["near"] and "nearest" in told(at)


@pytest.mark.parametrize("title", ["Between two images", "Mix content and style", "Out of nothing", "Nearest images"])
def test_every_panel_works_with_the_memory_decoder(page, title):
    page.query_params.update({"run": "small-simclr"})
    page.session_state["more"] = title
    at = page.run()
    assert not at.exception and not at.error and len(at.get("image")) == 1


def test_a_run_without_a_memory_decoder_offers_to_learn_one(page, monkeypatch):
    started = []
    monkeypatch.setattr(background_tasks, "start", lambda kind, runs: started.append((kind, list(runs))))
    page.query_params.update({"run": "small-vicreg"})
    at = page.run()
    assert not at.exception and given(at, "sliders")["near"]
    next(button for button in at.button if button.label.startswith("Learn what")).click().run()
    assert started == [("memory", ["small-vicreg"])]


def test_an_outdated_memory_decoder_is_not_used(page, shelf):
    path = shelf / "small-simclr" / "weights.safetensors"
    kept = path.read_bytes()
    path.write_bytes((shelf / "small-simclr" / "weights.safetensors").read_bytes()[:-1] + b"\x3e")
    page.query_params.update({"run": "small-simclr"})
    at = page.run()
    path.write_bytes(kept)
    assert not at.exception and "earlier state" in told(at) and given(at, "sliders")["near"]


def test_the_explorer_draws_with_the_memory_decoder_only_on_request(shelf):
    plain = Explorer(shelf / "small-simclr")
    other = plain.remembering()
    assert not plain.has_decoder and other.has_decoder and other.by_memory and not plain.by_memory
    z = plain.latents[:3]
    drawn = other.draw(z)
    assert drawn.shape == (3, 1, 8, 8) and not np.array_equal(drawn, plain.draw(z))
    expected = memory_decoders.open_memory(shelf / "small-simclr").pictures(z).mul(255).round().numpy()
    assert np.abs(drawn.astype(float) - expected).max() <= 1
    with pytest.raises(CheckpointError, match="no memory decoder"):
        Explorer(shelf / "small-vicreg").remembering()


def test_the_command_line_learns_a_memory_decoder_and_evaluates(shelf, capsys):
    from simssl_core.cli import main
    from simssl_core.storage import evaluation_file

    assert main(["memory", "small-vicreg", "--seconds", "0.5", "--root", str(shelf), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["runs"][0]
    assert told["run"] == "small-vicreg" and told["bytes"] < 1e6
    when = (shelf / "small-vicreg" / memory_decoders.FILE).stat().st_mtime_ns
    assert main(["memory", "small-vicreg", "--seconds", "0.5", "--root", str(shelf)]) == 0
    assert (shelf / "small-vicreg" / memory_decoders.FILE).stat().st_mtime_ns == when, "one that fits is kept"
    folder = shelf / "small-vicreg"
    assert main(["evaluate", "small-vicreg", "--full", "--images", "64", "--root", str(shelf)]) == 0
    assert "95 % from" in capsys.readouterr().out and evaluation_file.read(folder) is None, "nothing without --save"
    assert main(["evaluate", "small-vicreg", "--full", "--images", "64", "--save", "--json", "--root", str(shelf)]) == 0
    assert json.loads(capsys.readouterr().out)["layers"] and evaluation_file.read(folder).layers
    assert main(["evaluate", "small-vicreg", "--elbo", "--root", str(shelf)]) == 2
