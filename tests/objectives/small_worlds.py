"""Small worlds for the objectives' tests: a context, batches of views, a few steps of training."""

from __future__ import annotations

import torch

from simssl_core import objectives
from simssl_core.config import ModelConfig
from simssl_core.data.types import Views
from simssl_core.objectives import Context

SHAPE = (1, 8, 8)
CLASSES = 3
WORDS = ("", "red", "blue", "star", "ring", "left")
DATA = 24


def context(**changes) -> Context:
    """A world small enough that every objective takes a step in milliseconds."""
    known = {
        "model": ModelConfig(encoder="mlp", width=4, hidden=(16,)),
        "shape": SHAPE,
        "data_size": DATA,
        "classes": CLASSES,
        "likelihood": "bernoulli",
        "vocabulary": WORDS,
    }
    return Context(**(known | changes))


def make_views(
    count: int = 2, batch: int = 6, seed: int = 0, dtype=torch.float32, shape=SHAPE, start: int = 0
) -> Views:
    """``count`` random views of ``batch`` data whose places in the data set begin at ``start``."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, batch, *shape, generator=generator, dtype=torch.float64).to(dtype)
    index = (torch.arange(batch) + start) % DATA
    tokens = torch.randint(1, len(WORDS), (batch, 5), generator=generator)
    tokens[:, 4] = 0
    return Views(images, {}, index, index % CLASSES, tokens)


def small(name: str, seed: int = 0, settings: dict | None = None, **changes) -> objectives.Objective:
    """Objective ``name`` in the small world, its weights drawn from ``seed``."""
    torch.manual_seed(seed)
    return objectives.build(name, settings or {}, context(**changes))


def train(
    objective: objectives.Objective, steps: int, optimizer=None, first: int = 0, batch: int = 6
) -> torch.optim.Adam:
    """Take ``steps`` Adam steps; returns the optimiser."""
    optimizer = optimizer or torch.optim.Adam(objective.parameters(), lr=1e-2)
    objective.train()
    for step in range(first, first + steps):
        views = make_views(batch=batch, seed=step, start=step * batch)
        optimizer.zero_grad()
        objective(views).loss.backward()
        optimizer.step()
        objective.after_step(step + 1, 100)
    return optimizer


def replay(objective: objectives.Objective, views: Views, seed: int = 3) -> tuple[objectives.Terms, dict]:
    """The terms of one forward pass, and the networks' outputs (``mu``, ``z``, …) they were made of."""
    torch.manual_seed(seed)
    parts = objective.networks(views)
    torch.manual_seed(seed)
    return objective(views), parts
