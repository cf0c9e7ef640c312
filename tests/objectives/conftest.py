"""Fixtures of the objectives' tests: peers to compare with, and sampling without noise."""

from __future__ import annotations

import importlib

import pytest
import torch


@pytest.fixture
def lightly_loss():
    """lightly's losses by module and class; torchvision is made importable beside a CPU-only torch first."""
    from simssl_core.data import torchvision_safe

    torchvision_safe.load()

    def find(module: str, name: str):
        return getattr(importlib.import_module(f"lightly.loss.{module}"), name)

    return find


@pytest.fixture
def no_noise(monkeypatch):
    """Reparameterised samples become the posterior's mean."""
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)
