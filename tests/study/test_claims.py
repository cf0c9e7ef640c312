"""Verdicts on tables whose answer is known, and the statistics against SciPy and by hand."""

import math

import pytest
from scipy import stats

from simssl_core.study import claims
from simssl_core.study.statistics import holm, lead
from tests.study.tables import table

CLEAR = {
    "simvae": [0.9, 0.91, 0.92],
    "vae": [0.7, 0.705, 0.72],
    "beta_vae": [0.6, 0.62, 0.61],
    "info_vae": [0.6, 0.61, 0.61],
    "cr_vae": [0.65, 0.67, 0.66],
}


def verdict(numbers, number, data="mnist"):
    return claims.judge(table(numbers, data))[number - 1]


def test_lead_is_scipys_paired_t_test():
    a, b = {0: 0.7, 1: 0.8, 2: 0.75, 5: 0.1}, {0: 0.6, 1: 0.72, 2: 0.71, 7: 0.9}
    found = lead(a, b)
    expected = stats.ttest_rel([0.7, 0.8, 0.75], [0.6, 0.72, 0.71], alternative="greater")
    assert found.seeds == 3 and found.ahead == pytest.approx(expected.pvalue)
    assert found.ahead + found.behind == pytest.approx(1) and found.mean == pytest.approx(0.22 / 3)


def test_lead_with_too_few_seeds_has_no_p():
    assert lead({0: 1.0}, {0: 0.5}).mean == 0.5 and math.isnan(lead({0: 1.0}, {0: 0.5}).ahead)
    assert lead({0: 1.0}, {1: 0.5}).seeds == 0


def test_differences_without_noise():
    assert lead({0: 2.0, 1: 3.0}, {0: 1.0, 1: 2.0}).ahead == 0
    assert lead({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}).ahead == 0.5


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_first_claim_holds():
    found = verdict({"linear": CLEAR}, 1)
    assert found.verdict == "holds" and {c.second for c in found.comparisons} == set(claims.other_vaes())
    assert {"simvae", *claims.other_vaes()} == set(CLEAR), "the paper's four"


def test_first_claim_needs_all_the_other_vaes():
    found = verdict({"linear": {"simvae": CLEAR["simvae"], "vae": CLEAR["vae"]}}, 1)
    assert found.verdict == "undecided" and found.comparisons[0].result == "won" and "missing on mnist" in found.why


def test_first_claim_does_not_hold_when_one_vae_is_ahead():
    found = verdict({"linear": {**CLEAR, "vae": [0.95, 0.961, 0.97]}}, 1)
    assert found.verdict == "does not hold"
    assert [c.result for c in found.comparisons if c.second == "vae"] == ["lost"]


@pytest.mark.parametrize(
    "linear",
    [
        {"simvae": [0.7, 0.8, 0.75], "vae": [0.72, 0.77, 0.76]},  # within the noise
        {"simvae": [0.9], "vae": [0.5]},  # a single seed
        {"simvae": [0.9, 0.9, 0.9]},  # nobody to compare with
    ],
)
def test_first_claim_undecided(linear):
    assert verdict({"linear": linear}, 1).verdict == "undecided"


def test_second_claim_on_simple_images_forgives_the_margin():
    near = {"simvae": [0.90, 0.91, 0.92], "simclr": [0.905, 0.915, 0.924]}
    assert verdict({"linear": near}, 2).verdict == "holds"
    assert verdict({"linear": {**near, "simclr": [0.96, 0.97, 0.98]}}, 2).verdict == "does not hold"


def test_second_claim_elsewhere_asks_whether_the_gap_narrows():
    numbers = {"linear": {**CLEAR, "simclr": [0.99, 0.99, 0.98]}}
    found = verdict(numbers, 2, "cifar10")
    assert found.verdict == "holds" and found.comparisons[0].second == "vae"


def test_third_claim_reads_style():
    numbers = {"style_r2": {"simvae": [0.5, 0.52, 0.51], "simclr": [0.1, 0.12, 0.09]}}
    assert verdict(numbers, 3).verdict == "holds"
    numbers["style_r2"]["simclr"] = [0.6, 0.63, 0.62]
    assert verdict(numbers, 3).verdict == "does not hold"


def test_fourth_claim_wants_half_the_share_and_heads_that_lose():
    numbers = {
        "style_share": {"simvae": [0.6, 0.61, 0.62], "vae": [0.8, 0.8, 0.81], "simclr": [0.1, 0.11, 0.1]},
        "backbone": {"simclr": [0.5, 0.52, 0.51]},
        "output": {"simclr": [0.1, 0.11, 0.1]},
    }
    assert verdict(numbers, 4).verdict == "holds"
    assert verdict({**numbers, "output": {"simclr": [0.6, 0.63, 0.62]}}, 4).verdict == "does not hold"
    numbers["style_share"]["simclr"] = [0.4, 0.41, 0.405]  # below the least, but not below half of it
    assert verdict(numbers, 4).verdict == "does not hold"


def test_one_data_set_is_enough_to_lose_a_claim():
    import pandas as pd

    worse = {"linear": {"simvae": [0.3, 0.31, 0.32], "vae": [0.5, 0.515, 0.52]}}
    both = pd.concat([table({"linear": CLEAR}), table(worse, "coil20")])
    assert claims.judge(both)[0].verdict == "does not hold"
    missing = pd.concat([table({"linear": CLEAR}), table({"linear": {"simvae": [0.5, 0.5]}}, "coil20")])
    found = claims.judge(missing)[0]
    assert found.verdict == "undecided" and "coil20" in found.why
