"""Made-up studies whose answer is known."""

from __future__ import annotations

import pandas as pd

from simssl_core.study.results import COLUMNS

GENERATIVE = ("simvae", "vae", "beta_vae", "info_vae", "cr_vae")
FAMILIES = {**dict.fromkeys(GENERATIVE, "generative"), "simclr": "discriminative"}


def table(numbers: dict[str, dict[str, list[float]]], data: str = "mnist") -> pd.DataFrame:
    """{metric: {label: a value for each seed}} as a tidy table."""
    rows = [
        (data, label, label, FAMILIES[label], seed, metric, value, 10, 1.0)
        for metric, by in numbers.items()
        for label, found in by.items()
        for seed, value in enumerate(found)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
