"""The paper's four claims (Bizeul et al. 2024, abstract), each with a rule that says when our runs bear it out.

Every claim is a set of comparisons "A leads B in this number on this data set". Each is a paired t-test over seeds;
Holm's correction is applied over the comparisons of a claim, in both directions. A claim **holds** if every comparison
is won at the 5 % level, **does not hold** if at least one is lost at that level, and is **undecided** otherwise: seeds
or objectives are missing (all four other VAEs for the first claim; for the rest one of each family), or the difference
is within its noise. Where a claim says "reaches", A may trail by no more than a margin of 0.02.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import pandas as pd

from simssl_core.data import catalog
from simssl_core.objectives import facts
from simssl_core.study.results import values
from simssl_core.study.statistics import LEVEL, Lead, holm, lead

OURS = "simvae"  # the objective that the claims are about
MARGIN = 0.02


@dataclass(frozen=True)
class Comparison:
    """``first`` should lead ``second`` in ``metric`` on ``data``; ``p_won`` and ``p_lost`` are Holm-adjusted."""

    data: str
    metric: str
    first: str
    second: str
    lead: Lead
    p_won: float = math.nan
    p_lost: float = math.nan

    @property
    def result(self) -> str:
        """won, lost or open."""
        return "won" if self.p_won < LEVEL else "lost" if self.p_lost < LEVEL else "open"


@dataclass(frozen=True)
class Verdict:
    """What our runs say of one claim: holds, does not hold or undecided."""

    claim: str
    verdict: str
    comparisons: tuple[Comparison, ...]
    why: str


Maker = Callable[[pd.DataFrame, str], list[Comparison]]


def first_claim(table: pd.DataFrame, data: str) -> list[Comparison]:
    """SimVAE's content probe beats each of the other VAEs (of which none may be missing, for the claim to hold)."""
    return _each(table, data, "linear", [OURS], [n for n in other_vaes() if n in _labels(table, data)])


def second_claim(table: pd.DataFrame, data: str) -> list[Comparison]:
    """Simple images: SimVAE reaches the best discriminative content probe. Else: it is nearer than the best VAE."""
    rivals = _labels(table, data, "discriminative", captioned=False)
    best = _best(table, data, "linear", rivals)
    if best is None or OURS not in _labels(table, data):
        return []
    about = catalog.find(data)
    if about and about.simple:
        reached = {seed: value + MARGIN for seed, value in values(table, data, OURS, "linear").items()}
        return [
            Comparison(data, "linear", f"{OURS} + margin", best, lead(reached, values(table, data, best, "linear")))
        ]
    vae = _best(table, data, "linear", [n for n in other_vaes() if n in _labels(table, data)])
    return [] if vae is None else _each(table, data, "linear", [OURS], [vae])


def third_claim(table: pd.DataFrame, data: str) -> list[Comparison]:
    """Where style is needed, SimVAE beats every discriminative objective."""
    return _each(table, data, "style_r2", [OURS], _labels(table, data, "discriminative", captioned=False))


def fourth_claim(table: pd.DataFrame, data: str) -> list[Comparison]:
    """Style share: the most of a discriminative objective is below half the least of a generative; heads lose style."""
    generative = _labels(table, data, "generative", captioned=False, objectives=(OURS, *other_vaes()))
    discriminative = _labels(table, data, "discriminative", captioned=False)
    low, high = _best(table, data, "style_share", generative, -1), _best(table, data, "style_share", discriminative)
    found = []
    if low and high:
        half = {seed: value / 2 for seed, value in values(table, data, low, "style_share").items()}
        ahead = lead(half, values(table, data, high, "style_share"))
        found.append(Comparison(data, "style_share", f"½ {low}", high, ahead))
    for label in discriminative:
        backbone, output = values(table, data, label, "backbone"), values(table, data, label, "output")
        if backbone and output:
            found.append(Comparison(data, "style R²", f"{label} backbone", f"{label} head", lead(backbone, output)))
    return found


CLAIMS: dict[str, tuple[str, Maker]] = {
    "1": ("SimVAE's content probe beats the other VAE-based ones.", first_claim),
    "2": (
        "On simple images SimVAE reaches the discriminative content probes; elsewhere it narrows the VAEs' gap.",
        second_claim,
    ),
    "3": ("Where style is needed, SimVAE beats every discriminative objective.", third_claim),
    "4": (
        "The discriminative style share is far below the generative one, and projection heads lose style that the "
        "backbone still has.",
        fourth_claim,
    ),
}


def judge(table: pd.DataFrame) -> list[Verdict]:
    """A verdict on each claim over all data sets in ``table`` (:func:`results.tidy`)."""
    verdicts = []
    sets = sorted(set(table.data))
    for number, (words, make) in CLAIMS.items():
        found = _adjusted([one for data in sets for one in make(table, data)])
        missing = [data for data in sets if not make(table, data)]
        if make is first_claim:
            missing = [data for data in sets if not {OURS, *other_vaes()} <= set(_labels(table, data))]
        verdicts.append(_verdict(f"{number}. {words}", found, missing))
    return verdicts


def _verdict(claim: str, found: list[Comparison], missing: list[str]) -> Verdict:
    won = [one for one in found if one.result == "won"]
    lost = [one for one in found if one.result == "lost"]
    counts = f"{len(won)} of {len(found)} comparisons won, {len(lost)} lost, {len(found) - len(won) - len(lost)} open"
    if lost:
        return Verdict(claim, "does not hold", tuple(found), counts)
    if not found or missing:
        said = f"objectives are missing on {', '.join(missing)}" if missing else "nothing to compare"
        return Verdict(claim, "undecided", tuple(found), f"{said}; {counts}")
    if any(one.lead.seeds < 2 for one in found):
        return Verdict(claim, "undecided", tuple(found), f"fewer than two seeds; {counts}")
    return Verdict(claim, "holds" if len(won) == len(found) else "undecided", tuple(found), counts)


def _adjusted(found: list[Comparison]) -> list[Comparison]:
    tested = [one for one in found if not math.isnan(one.lead.ahead)]
    won, lost = holm([one.lead.ahead for one in tested]), holm([one.lead.behind for one in tested])
    corrected = {
        id(one): Comparison(one.data, one.metric, one.first, one.second, one.lead, a, b)
        for one, a, b in zip(tested, won, lost, strict=True)
    }
    return [corrected.get(id(one), one) for one in found]


def other_vaes() -> tuple[str, ...]:
    """The objectives that the claims call the other VAEs."""
    return tuple(name for name, about in facts.everything().items() if about.vae_baseline)


def _labels(
    table: pd.DataFrame,
    data: str,
    family: str | None = None,
    captioned: bool = True,
    objectives: Collection[str] | None = None,
) -> list[str]:
    """Labels on a data set, of certain objectives where these are given. What reads captions (which may tell the
    class) is left out of a fair comparison.
    """
    here = table[table.data == data]
    here = here if family is None else here[here.family == family]
    reading = [one.name for one in facts.everything().values() if one.needs_captions]
    here = here if captioned else here[~here.objective.isin(reading)]
    here = here if objectives is None else here[here.objective.isin(objectives)]
    return sorted(set(here.label))


def _best(table: pd.DataFrame, data: str, metric: str, labels: Iterable[str], sign: int = 1) -> str | None:
    means = {label: values(table, data, label, metric) for label in labels}
    means = {label: sign * sum(found.values()) / len(found) for label, found in means.items() if found}
    return max(means, key=means.get) if means else None


def _each(table: pd.DataFrame, data: str, metric: str, firsts: list[str], seconds: list[str]) -> list[Comparison]:
    pairs = [(a, b) for a in firsts for b in seconds]
    found = [
        Comparison(data, metric, a, b, lead(values(table, data, a, metric), values(table, data, b, metric)))
        for a, b in pairs
    ]
    return [one for one in found if one.lead.seeds]
