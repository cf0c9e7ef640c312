"""What tests of several rooms need: one thread, a small race, live measurement without UMAP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from simssl_core.config import DataConfig, RunConfig
from simssl_core.data import catalog
from simssl_core.jobs import session
from simssl_core.training.loop import Race


def pytest_runtest_setup(item):
    """Tests marked ``gpu`` skip, saying so, where there is no CUDA."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Sums are split over threads; one thread makes bit-equality independent of the machine's load."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def quick(monkeypatch):
    """Maps without UMAP (its compilation takes 10 s a process), and commands obeyed at every step."""
    monkeypatch.setenv("SIMSSL_MAP", "pca")
    monkeypatch.setattr(session, "COMMAND_SECONDS", 0.0)


@pytest.fixture(scope="session")
def config() -> RunConfig:
    """Real digits, a tiny MLP, a few steps."""
    return RunConfig.model_validate(
        {
            "name": "race",
            "data": {"name": "digits", "train": 200, "test": 64},
            "model": {"encoder": "mlp", "hidden": (24,), "width": 6},
            "train": {"steps": 12, "batch": 32, "warmup": 4, "threads": 1, "precision": "fp32"},
            "members": ("simvae", "vae", "simclr", "vicreg"),
        }
    )


@pytest.fixture(scope="session")
def dataset(config):
    return catalog.load(config.data)


@pytest.fixture(scope="session")
def sprites():
    """Data with captions, which some objectives need."""
    return catalog.load(DataConfig(name="sprites", train=200, test=64))


@pytest.fixture
def race(config, dataset):
    """``race(*members, **train)``: a fresh race, with other members, data or training settings where given."""

    def make(*members, data=dataset, **train):
        changed = config.model_dump() | {"train": config.train.model_dump() | train}
        if members:
            changed["members"] = members
        return Race(RunConfig.model_validate(changed), data)

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One headless browser for all tests of this process, which can run only one playwright."""
    api = pytest.importorskip("playwright.sync_api")
    from tests.browser.conftest import FLAGS, chromium

    executable = chromium()
    with api.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=executable, args=FLAGS)
        yield launched
        launched.close()
