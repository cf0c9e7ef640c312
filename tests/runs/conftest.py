import pytest
import torch

from simssl_core.runs import session


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """One thread makes bit-equality independent of the machine's load."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Maps without UMAP (its compilation takes 10 s a process), and commands obeyed at every step."""
    monkeypatch.setenv("SIMSSL_MAP", "pca")
    monkeypatch.setattr(session, "COMMAND_SECONDS", 0.0)
