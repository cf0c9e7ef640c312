"""The panels of Compare, for the page and for the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from pages.compare_parts.tables import ceilings_in_words, errors_in_words, factors, tidy
from pages.shared.cache import cached_by_content
from simssl_core import metrics
from simssl_core.figures import comparison
from simssl_core.figures.content_style import content_style
from simssl_core.figures.report import Panel
from simssl_core.library.comparison import Comparison, Group


@cached_by_content
def trade_off(
    groups: Sequence[Group], content: str, style: str, families: Mapping[str, str], chance: float | None
) -> Panel:
    """Content against style: a point for every group that has the scores named ``content`` and ``style``."""
    scored = [group for group in groups if content in group.scores and style in group.scores]
    content_scores = [group.scores[content] for group in scored]
    style_scores = [group.scores[style] for group in scored]
    figure = content_style(
        [score.value for score in content_scores],
        [score.value for score in style_scores],
        [group.objective for group in scored],
        [group.title for group in scored],
        [families.get(group.objective, "generative") for group in scored],
        metrics.title(content),
        metrics.title(style),
        chance,
        ([score.error for score in content_scores], [score.error for score in style_scores]),
    )
    caption = (
        "Right: tells classes apart. Up: position, hue and the like can still be read. The top right would serve every "
        f"task. Circles are generative, diamonds discriminative, crosses references. {errors_in_words(scored)}"
    )
    return Panel("content-style", "Content against style", caption, figure, data=tidy(scored, (content, style)))


@cached_by_content
def tasks(groups: Sequence[Group]) -> Panel | None:
    """A radar chart with an axis for content and one per style factor; None with fewer than three axes."""
    content = metrics.headline("content")
    names = [name for name in (content, *factors(groups)) if any(name in group.scores for group in groups)]
    if len(names) < 3:
        return None
    rows = [[_value(group, name) for name in names] for group in groups]
    axes = ["Content" if name == content else metrics.title(name).split(": ", 1)[-1] for name in names]
    figure = comparison.radar(axes, _titles(groups), _objectives(groups), rows)
    caption = (
        "One axis for each task: content is the linear probe’s accuracy, the others are R² (or balanced accuracy) of "
        "what differs between views. The outer ring is 1. A wide shape serves many tasks, a narrow one has "
        "discarded something."
    )
    return Panel("tasks", "Which task does it serve?", caption, figure, data=tidy(groups, names))


@cached_by_content
def layers(groups: Sequence[Group]) -> Panel | None:
    """Content and style layer by layer; None if no group was measured in full."""
    measured = [group for group in groups if group.layers]
    if not measured:
        return None
    content, style = (
        [{layer.name: layer.value(metrics.headline(family)) for layer in group.layers} for group in measured]
        for family in ("content", "style")
    )
    figure = comparison.layer_profile(_titles(measured), _objectives(measured), content, style)
    rows = [{"run": group.first.run, **layer.model_dump()} for group in measured for layer in group.layers]
    caption = (
        "From the backbone to the end of the projection head (generative objectives have no head). Where the right "
        "curves fall and the left ones do not, the head forgets style, and the backbone still has it."
    )
    return Panel("layers", "Layer by layer", caption, figure, data=pd.DataFrame(rows))


@cached_by_content
def spectrum(groups: Sequence[Group]) -> Panel | None:
    """Relative singular values of each representation; None if no group was measured in full."""
    measured = [group for group in groups if group.spectrum]
    if not measured:
        return None
    ranks = [_value(group, metrics.headline("geometry")) for group in measured]
    spectra = [group.spectrum for group in measured]
    figure = comparison.spectra(_titles(measured), _objectives(measured), spectra, ranks)
    rows = [
        {"run": group.first.run, "direction": direction, "relative_singular_value": value}
        for group in measured
        for direction, value in enumerate(group.spectrum, 1)
    ]
    caption = (
        "How strong each direction of the representation is, on a logarithmic scale. A flat curve uses all directions; "
        "one that drops steeply has collapsed. In the legend: the effective rank, out of the width."
    )
    return Panel("spectrum", "Does it collapse?", caption, figure, data=pd.DataFrame(rows))


@cached_by_content
def information(groups: Sequence[Group]) -> Panel | None:
    """Mutual information between two views against its ceiling; None if no group was measured in full."""
    names = ("mutual_information", "mutual_information_ceiling", "mutual_information_gaussian")
    measured = [group for group in groups if names[0] in group.scores]
    if not measured:
        return None
    bounds, ceilings, gaussian = ([_value(group, name) for group in measured] for name in names)
    figure = comparison.information(_titles(measured), _objectives(measured), bounds, ceilings, gaussian)
    caption = (
        "How much two views of one datum tell about each other, in nats. The bar is a lower bound, and biased: it can "
        "never say more than log N (the stroke), and it falls short of the truth as it nears log N. The diamond is "
        "exact for Gaussian representations only: too high where views form tight clusters, too low where they "
        f"depend on each other nonlinearly.{ceilings_in_words(measured)}"
    )
    return Panel("information", "What views share", caption, figure, data=tidy(measured, names))


@cached_by_content
def bound(groups: Sequence[Group]) -> Panel | None:
    """ELBO_SSL of frozen representations, in nats; None if it was measured for no group."""
    measured = [group for group in groups if group.evaluations and group.evaluations[0].elbo]
    if not measured:
        return None
    elbos = [group.evaluations[0].elbo for group in measured]
    parts = [{"reconstruct": elbo.reconstruct, "entropy": elbo.entropy, "prior": elbo.prior} for elbo in elbos]
    figure = comparison.bounds(_titles(measured), parts, [elbo.error for elbo in elbos])
    rows = [
        {"run": group.first.run, **elbo.model_dump(), "elbo": elbo.total}
        for group, elbo in zip(measured, elbos, strict=True)
    ]
    caption = (
        "Every representation scored under the one model: a decoder and a diagonal posterior fitted on the frozen "
        "features. The mark is the bound on log p of all views of a datum, with its error; further right is better."
    )
    return Panel("elbo", "ELBO_SSL of any representation", caption, figure, data=pd.DataFrame(rows))


SECTIONS = {"Inside": (layers, spectrum), "Information": (information, bound)}


def section(name: str, compared: Comparison) -> list[Panel]:
    """The panels of the part of the page called ``name``; empty if nothing was measured."""
    candidates = [make(compared.groups) for make in SECTIONS[name]]
    return [panel for panel in candidates if panel is not None]


def _titles(groups: Sequence[Group]) -> list[str]:
    return [group.title for group in groups]


def _objectives(groups: Sequence[Group]) -> list[str]:
    return [group.objective for group in groups]


def _value(group: Group, name: str) -> float:
    """A score of the group; NaN if it has none of this name."""
    return group.scores[name].value if name in group.scores else math.nan
