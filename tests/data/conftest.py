"""Nothing a data test does may reach the network or leave files behind."""

import os

import pytest
import torch

from simssl_core.config import DataConfig
from simssl_core.data import catalog


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMSSL_CACHE", str(tmp_path / "decoded"))
    monkeypatch.setenv("SIMSSL_OFFLINE", "1")


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.fixture(scope="session")
def sprites():
    return catalog.load(DataConfig(name="sprites", train=200, test=100))


@pytest.fixture(scope="session")
def digits():
    return catalog.load(DataConfig(name="digits"))


@pytest.fixture
def real_data():
    """The folder of real data sets, or the test is skipped."""
    if not os.environ.get("SIMSSL_DATA"):
        pytest.skip("SIMSSL_DATA is not set: the real data sets are not here")
    return os.environ["SIMSSL_DATA"]
