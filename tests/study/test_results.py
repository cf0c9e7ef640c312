"""The table of a study, made of numbers that are known."""

from __future__ import annotations

from simssl_core.study import results
from tests.study.tables import table


def test_means_deviations_and_every_factor_that_was_asked_about():
    numbers = {
        "linear": {"vae": [0.5, 0.7], "simclr": [0.9, 0.9], "simvae": [0.8, 0.8]},
        "style:crop_x": {"vae": [0.4, 0.4], "simclr": [0.0, 0.0]},
        "factor:crop_x": {"vae": [0.1, 0.1]},  # already told as a style factor
        "factor:angle": {"vae": [0.3, 0.3], "simclr": [0.2, 0.2]},
    }
    head, _line, *rows = results.markdown(table(numbers, "coil20"), "coil20").splitlines()
    assert head == "| coil20 | linear | crop_x | angle | seconds |"
    assert rows[0] == "| simvae | 0.800 ± 0.000 | – | – | 1 |", "generative first, the best content first"
    assert rows[1] == "| vae | 0.600 ± 0.141 | 0.400 ± 0.000 | 0.300 ± 0.000 | 1 |"
    assert rows[2].startswith("| simclr | 0.900")
    many = {f"factor:{k:02d}": {"vae": [0.1]} for k in range(40)}
    assert results.markdown(table(many, "celeba"), "celeba").splitlines()[0].count("|") == results.MOST_TRUE + 3
