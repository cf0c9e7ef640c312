"""The paper's four claims (Bizeul et al. 2024, abstract), each with a rule that decides whether a study supports it.

Every claim is a set of comparisons "A leads B in this number on this data set". Each is a paired t-test over seeds;
Holm's correction is applied over the comparisons of a claim, in both directions. A claim **holds** if every comparison
is won at the 5 % level, **does not hold** if at least one is lost at that level, and is **undecided** otherwise: too
few seeds, missing objectives (the first claim needs all four other VAEs, the rest need one of each family), or a
difference within the noise. Where a claim says "reaches", A may trail by no more than a margin of 0.02.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

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
        """``won``, ``lost`` or ``open`` (neither is significant)."""
        return "won" if self.p_won < LEVEL else "lost" if self.p_lost < LEVEL else "open"


@dataclass(frozen=True)
class Verdict:
    """The verdict on one claim: ``holds``, ``does not hold`` or ``undecided``, and the reason ``why``."""

    claim: str
    verdict: str
    comparisons: tuple[Comparison, ...]
    why: str


Maker = Callable[[pd.DataFrame, str], list[Comparison]]


def first_claim(table: pd.DataFrame, data: str) -> list[Comparison]:
    """SimVAE's content probe beats each of the other VAEs; the claim can hold only if all of them were measured."""
    return _each(table, data, "linear", [OURS], [n for n in other_vaes() if n in _labels(table, data)])


def second_claim(table: pd.DataFrame, data: str) -> list[Comparison]:
    """On simple images SimVAE reaches the best discriminative content probe; on others it beats the best other VAE."""
    rivals = _labels(table, data, "discriminative", captioned=False)
    best = _best(table, data, "linear", rivals)
    if best is None or OURS not in _labels(table, data):
        return []
    data_set = catalog.find(data)
    if data_set and data_set.simple:
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
    """The highest discriminative style share is below half the lowest generative one; projection heads lose style."""
    generative = _labels(table, data, "generative", captioned=False, objectives=(OURS, *other_vaes()))
    discriminative = _labels(table, data, "discriminative", captioned=False)
    lowest = _best(table, data, "style_share", generative, -1)
    highest = _best(table, data, "style_share", discriminative)
    comparisons = []
    if lowest and highest:
        half = {seed: value / 2 for seed, value in values(table, data, lowest, "style_share").items()}
        half_lead = lead(half, values(table, data, highest, "style_share"))
        comparisons.append(Comparison(data, "style_share", f"½ {lowest}", highest, half_lead))
    for label in discriminative:
        backbone, output = values(table, data, label, "backbone"), values(table, data, label, "output")
        if backbone and output:
            head_loss = lead(backbone, output)
            comparisons.append(Comparison(data, "style R²", f"{label} backbone", f"{label} head", head_loss))
    return comparisons


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
    data_sets = sorted(set(table.data))
    for number, (claim, compare) in CLAIMS.items():
        by_data = {data: compare(table, data) for data in data_sets}
        comparisons = _adjusted([comparison for group in by_data.values() for comparison in group])
        missing = [data for data, group in by_data.items() if not group]
        if compare is first_claim:
            missing = [data for data in data_sets if not {OURS, *other_vaes()} <= set(_labels(table, data))]
        verdicts.append(_verdict(f"{number}. {claim}", comparisons, missing))
    return verdicts


def _verdict(claim: str, comparisons: list[Comparison], missing: list[str]) -> Verdict:
    """The verdict on ``claim``; ``missing`` lists the data sets on which objectives that it needs are missing."""
    total = len(comparisons)
    won = sum(comparison.result == "won" for comparison in comparisons)
    lost = sum(comparison.result == "lost" for comparison in comparisons)
    counts = f"{won} of {total} comparisons won, {lost} lost, {total - won - lost} open"
    if lost:
        return Verdict(claim, "does not hold", tuple(comparisons), counts)
    if not comparisons or missing:
        reason = f"objectives are missing on {', '.join(missing)}" if missing else "nothing to compare"
        return Verdict(claim, "undecided", tuple(comparisons), f"{reason}; {counts}")
    if any(comparison.lead.seeds < 2 for comparison in comparisons):
        return Verdict(claim, "undecided", tuple(comparisons), f"fewer than two seeds; {counts}")
    return Verdict(claim, "holds" if won == total else "undecided", tuple(comparisons), counts)


def _adjusted(comparisons: list[Comparison]) -> list[Comparison]:
    """The comparisons in their order, with Holm-adjusted p values wherever a test was possible."""
    tested = [comparison for comparison in comparisons if not math.isnan(comparison.lead.ahead)]
    p_won = holm([comparison.lead.ahead for comparison in tested])
    p_lost = holm([comparison.lead.behind for comparison in tested])
    adjusted = {
        id(comparison): replace(comparison, p_won=won, p_lost=lost)
        for comparison, won, lost in zip(tested, p_won, p_lost, strict=True)
    }
    return [adjusted.get(id(comparison), comparison) for comparison in comparisons]


def other_vaes() -> tuple[str, ...]:
    """The objectives that the claims call the other VAEs."""
    return tuple(name for name, objective in facts.everything().items() if objective.vae_baseline)


def _labels(
    table: pd.DataFrame,
    data: str,
    family: str | None = None,
    captioned: bool = True,
    objectives: Collection[str] | None = None,
) -> list[str]:
    """The labels measured on a data set, sorted; only those of ``family`` and ``objectives`` where these are given.

    ``captioned`` False leaves out objectives that read captions: a caption may name the class, so a comparison with
    them would be unfair.
    """
    rows = table[table.data == data]
    if family is not None:
        rows = rows[rows.family == family]
    if not captioned:
        readers = [objective.name for objective in facts.everything().values() if objective.needs_captions]
        rows = rows[~rows.objective.isin(readers)]
    if objectives is not None:
        rows = rows[rows.objective.isin(objectives)]
    return sorted(set(rows.label))


def _best(table: pd.DataFrame, data: str, metric: str, labels: Iterable[str], sign: int = 1) -> str | None:
    """The label with the highest mean of ``metric`` over seeds (``sign`` −1: the lowest); None without a value."""
    by_label = {label: values(table, data, label, metric) for label in labels}
    means = {label: sign * sum(by_seed.values()) / len(by_seed) for label, by_seed in by_label.items() if by_seed}
    return max(means, key=means.get) if means else None


def _each(table: pd.DataFrame, data: str, metric: str, firsts: list[str], seconds: list[str]) -> list[Comparison]:
    """Every first label against every second one, where they have seeds in common."""
    comparisons = [
        Comparison(data, metric, a, b, lead(values(table, data, a, metric), values(table, data, b, metric)))
        for a in firsts
        for b in seconds
    ]
    return [comparison for comparison in comparisons if comparison.lead.seeds]
