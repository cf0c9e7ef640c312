"""Named presets: the paper's settings reach the race, the shell and the form; unknown names are told what there is."""

import json
import math

import pytest

from simssl_core import presets
from simssl_core.cli import main
from simssl_core.errors import ConfigError


def test_the_papers_mnist():
    config = presets.recommended("", ["simvae", "simclr"], start=presets.preset("paper-mnist"))
    assert config.data.name == "mnist" and config.views.binarise
    assert (config.views.crop_min, config.views.vflip, config.views.count) == (0.4, 0.5, 2)
    assert (config.model.encoder, config.model.hidden, config.model.width) == ("mlp", (500, 500, 2000), 10)
    assert (config.train.batch, config.train.learning_rate) == (64, 8e-5)
    assert config.members[0].settings == {}


def test_the_papers_cifar10():
    config = presets.recommended("", ["vicreg"], start=presets.preset("paper-cifar10"))
    assert (config.data.name, config.model.encoder, config.model.width) == ("cifar10", "resnet18", 64)
    assert (config.views.crop_min, config.views.brightness, config.views.hue) == (0.6, 0.8, 0.2)


def test_released_weights_and_ones_own_on_top():
    start = presets.preset("simvae-released")
    members = ["simvae", "vae", {"objective": "simvae", "label": "own", "settings": {"entropy_weight": 3.0}}]
    released, plain, own = presets.recommended("", members, start=start, train={"batch": 32}).members
    assert released.settings == {"entropy_weight": 2 * math.pi, "reconstruction_weight": 100.0}
    assert plain.settings == {}
    assert own.settings == {"entropy_weight": 3.0, "reconstruction_weight": 100.0}


def test_unknown_preset_names_the_known():
    with pytest.raises(ConfigError, match=r"Did you mean 'paper-mnist'.*simvae-released"):
        presets.preset("paper-mnits")


@pytest.mark.parametrize("name", presets.NAMED)
def test_every_preset_says_what_was_measured(name):
    kept = presets.preset(name)
    assert kept.title and kept.description
    assert any(character.isdigit() for character in kept.expected), "an expectation is a measured number"


def test_the_shell_lists_and_takes_presets(capsys):
    assert main(["list", "presets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["presets"]
    assert [row["name"] for row in listed] == list(presets.NAMED)
    assert main(["train", "--preset", "nonsense", "--objectives", "vae"]) != 0
    assert "no preset 'nonsense'" in capsys.readouterr().err
