"""Adding an objective or a data set takes one file: both are made here, outside the package, and seen everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pages.shared import glossary
from simssl_core import library, objectives, presets
from simssl_core.cli import main
from simssl_core.config import DataConfig, Settings, ViewConfig, setting
from simssl_core.data import catalog
from simssl_core.data.catalog import DatasetInfo
from simssl_core.data.datasets.base import LoadedData, to_split
from simssl_core.data.datasets.info import REGISTERED as DATA_SETS
from simssl_core.data.datasets.info import Drawing
from simssl_core.data.types import Factor
from simssl_core.data.view_maker import make_views
from simssl_core.errors import ConfigError, DataError
from simssl_core.figures.theme import objective_colour
from simssl_core.models import encoders
from simssl_core.objectives import facts
from tests.pages.test_app import given, page, told

CLASSES = ("upright", "lying")
FACTORS = (Factor("shape", "discrete", 0, 1, CLASSES), Factor("x", "continuous", 1.0, 6.0), Factor("background"))
SIZE = 8


def draw(count, generator, factors=FACTORS):
    drawn = {}
    for factor in factors:
        share = torch.rand(count, generator=generator)
        drawn[factor.name] = share.mul(2).floor() if factor.classes else factor.low + (factor.high - factor.low) * share
    return drawn


def render(values):
    """A bright line through x, upright or lying, before a half as bright background."""
    places = torch.arange(SIZE, dtype=torch.float32)
    line = (1 - (places - values["x"][:, None]).abs()).clamp(0, 1)  # (N, SIZE)
    upright, lying = line[:, None, :].expand(-1, SIZE, -1), line[:, :, None].expand(-1, -1, SIZE)
    bars = torch.where(values["shape"][:, None, None] == 0, upright, lying)
    return torch.maximum(bars, values["background"][:, None, None] / 2)[:, None]


def load(config: DataConfig, device: str) -> LoadedData:
    splits = []
    for count, seed in ((config.train, config.seed), (config.test, config.seed + 1)):
        values = draw(count, torch.Generator().manual_seed(seed))
        images = (render(values) * 255).round().numpy().astype(np.uint8)
        splits.append(to_split(device, images, values["shape"].numpy(), {k: v.numpy() for k, v in values.items()}))
    return LoadedData(*splits, classes=CLASSES, factors=FACTORS)


BARS = DatasetInfo(
    "bars",
    "Bars",
    "Bright lines, upright or lying.",
    (1, SIZE, SIZE),
    load,
    class_names=CLASSES,
    source="made here",
    views={"shared": ("shape",)},
    model={"encoder": "mlp", "hidden": (16,), "width": 4},
    train={"batch": 32},
    drawing=lambda: Drawing(FACTORS, draw, render),
    factors=tuple(factor.name for factor in FACTORS),
    content="shape",
)


def nudge() -> type[objectives.Objective]:
    """A new class each time: registering is what is tested."""

    class NudgeConfig(Settings):
        strength: float = setting(2.0, "How hard views are pulled together.", live=True, ge=0, le=10)

    class Nudge(objectives.Objective):
        name = "nudge"
        title = "Nudge"
        family = "discriminative"
        unit = "nats per view"
        keeps = "shared"
        recommended = {"bars": {"strength": 3.0}}
        formula = r"s\,\mathrm{var}(h) + \mathrm{hinge}(\mathrm{std}\,h)"
        roles = {"pull": ("Views agree.", r"s\,\mathrm{var}(h)"), "push": ("Data spread.", r"\mathrm{hinge}")}
        Config = NudgeConfig
        least_batch = 2

        def __init__(self, settings, context):
            super().__init__(settings, context)
            self.encoder = encoders.build(context.model, context.shape, context.model.width)

        def networks(self, views):
            return {"h": self.encoder(views.images.flatten(0, 1)).unflatten(0, views.images.shape[:2])}

        def terms(self, views, h):
            pull = self.settings.strength * h.var(0).mean()
            return objectives.Terms.of(h, pull=pull, push=(1 - h.std(1)).relu().mean())

    return Nudge


@pytest.fixture(scope="module")
def added():
    """Both registered for this file alone."""
    before = objectives.names(), catalog.names()
    objectives.register(nudge())
    catalog.register(BARS)
    yield
    del facts.REGISTERED["nudge"], DATA_SETS["bars"]
    assert (objectives.names(), catalog.names()) == before


@pytest.fixture(scope="module")
def root(added, tmp_path_factory) -> Path:
    """A race of the new objective and an old one on the new data set, trained from the shell in this process."""
    root = tmp_path_factory.mktemp("runs")
    arguments = ["train", "--data", "bars", "--objectives", "nudge,simvae", "--steps", "12", "--name", "race"]
    arguments += ["--set", "data.train=200", "--set", "data.test=100", "--set", "train.threads=1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMSSL_MAP", "pca")
        assert main([*arguments, "--root", str(root)]) == 0
    return root


@pytest.fixture
def shelf(root, monkeypatch) -> Path:
    monkeypatch.setenv("SIMSSL_RUNS", str(root))
    return root


def test_both_are_listed_where_they_belong(added):
    names = objectives.names()
    assert names.index("clip") < names.index("nudge") < names.index("random"), "by family, then by name"
    data = catalog.names()
    assert data.index("coil20") < data.index("bars") < data.index("folder"), "before one's own files"
    assert objectives.get("nudge").title == facts.find("nudge").title == "Nudge"
    assert presets.with_recommended_settings("bars", "nudge").settings == {"strength": 3.0}
    assert presets.with_recommended_settings("digits", "nudge").settings == {}


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        ("family", "energy", "'energy'; it must be one of 'generative'"),
        ("unit", "bits", "one of 'nats per datum'"),
        ("keeps", "style", "one of 'all'"),
        ("colour", "red", "'#RRGGBB'"),
        ("title", "", "needs both a name and a title"),
    ],
)
def test_an_objective_that_no_page_could_print_is_refused(added, fact, value, words):
    before = objectives.names()
    bad = type("Bad", (nudge(),), {"name": "bad", "title": "Bad", fact: value})
    with pytest.raises(ConfigError, match=words):
        objectives.register(bad)
    assert objectives.names() == before


@pytest.mark.parametrize(("change", "words"), [({"name": "../up"}, "letters"), ({"factors": ("mood",)}, "mood.*hue")])
def test_a_data_set_that_could_not_be_trained_on_is_refused(added, change, words):
    before = catalog.names()
    with pytest.raises(DataError, match=words):
        catalog.register(replace(BARS, **change))
    assert catalog.names() == before


def test_its_colour_is_its_own_and_stays(added):
    colours = [objective_colour(name) for name in objectives.names()]
    assert len(set(colours)) == len(colours) and objective_colour("nudge") == objective_colour("nudge")


def test_what_is_true_of_one_class_alone_is_not_inherited(added):
    parent = objectives.get("simvae")
    child = type("Child", (parent,), {"name": "child", "title": "Child"})
    assert parent.typical and parent.colour and parent.published
    assert (child.typical, child.colour, child.first_race, child.published) == (False, "", False, {})
    assert child.unit == parent.unit and child.keeps == parent.keeps


def test_views_of_the_new_data_are_drawn_again(added):
    dataset = catalog.load(DataConfig(name="bars", train=64, test=64))
    maker = make_views(dataset, ViewConfig(shared=("shape",)))
    views = maker(dataset.train, torch.arange(64), torch.Generator().manual_seed(0))
    assert set(views.factors) == {"x", "background"} and views.tokens is None
    assert not torch.equal(views.factors["x"][0], views.factors["x"][1])
    upright = views.images[:, views.labels == 0]
    assert torch.equal(upright.amax(-2), upright[..., 0, :]), "the content is shared: every column is of one grey"


def test_the_shell_lists_both(added, tmp_path, capsys):
    assert main(["list", "--json", "--root", str(tmp_path)]) == 0
    listed = json.loads(capsys.readouterr().out)
    row = next(row for row in listed["objectives"] if row["name"] == "nudge")
    assert row == {"name": "nudge", "title": "Nudge", "family": "discriminative", "settings": ["strength"]}
    row = next(row for row in listed["data"] if row["name"] == "bars")
    assert row["available"] and row["classes"] == 2 and row["shape"] == [1, SIZE, SIZE]


def test_it_trains_and_is_measured(root):
    entries = {entry.label: entry for entry in library.runs(root)}
    assert set(entries) == {"nudge", "simvae"}
    for entry in entries.values():
        assert entry.status == "finished" and entry.step == 12 and entry.data == "bars"
        assert {"linear", "knn", "style_r2", "style:x", "style:background", "effective_rank"} <= set(entry.scores)
    assert entries["nudge"].config["members"][0]["settings"] == {"strength": 3.0}, "its recommended setting"


def test_trains_form_offers_both(shelf):
    at = page("train").run()
    at.selectbox(key="set.data").select("bars").run()
    assert not at.exception and not at.error
    assert "Bars" in at.selectbox(key="set.data").options and "2 views of Bars: mlp" in told(at)
    assert "Nudge" in at.pills(key="set.discriminative").options
    at.pills(key="set.generative").set_value([]).run()
    at.pills(key="set.discriminative").set_value(["nudge"]).run()
    assert not at.exception and not at.error and "nudge on 2 views of Bars" in told(at)
    assert at.pills(key="set.bars.views.shared").options == ["shape", "x", "background"]


def test_theory_explains_it_in_its_unit(shelf):
    at = page("theory", theory_part="Every objective", theory_objectives="Nudge").run()
    assert not at.exception
    assert ":gray[nats per view" in told(at) and "Views agree." in told(at)
    assert at.table[0].value.loc["Nudge", "What pushes"] == "Data spread."


def test_start_has_a_card_in_its_colour(shelf):
    cards = {card["run"]: card for card in given(page("start").run(), "run_cards")["cards"]}
    assert cards["race-nudge"]["colour"] == objective_colour("nudge")


def test_compare_checks_the_theory_on_it(shelf):
    at = page("compare")
    at.session_state["compare_part"] = "Predictions"
    at.run()
    assert not at.exception and any("the theory was right" in item.value for item in at.caption)
    (figure,) = [json.loads(item.proto.spec) for item in at.get("plotly_chart")]
    assert "x" in str(figure["data"][0]["y"]) and "background" in str(figure["data"][0]["y"])


@pytest.mark.parametrize("name", ["latent_map", "traverse", "runs"])
def test_every_other_page_opens_with_its_runs(shelf, name):
    at = page(name).run()
    assert not at.exception and not at.error


def test_the_glossary_has_an_entry_or_says_nothing_for_each_of_its_scores(root):
    scores = {name for entry in library.runs(root) for name in entry.scores}
    assert any(glossary.of_score(name) for name in scores), "the scores that every run has are explained"
    assert all(glossary.of_score(name) is None or glossary.of_score(name).endswith(".") for name in scores)
