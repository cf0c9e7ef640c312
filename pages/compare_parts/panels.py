"""What Compare has to show of a group of runs, section by section, for the page and for the report alike."""

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
    groups: Sequence[Group], across: str, up: str, families: Mapping[str, str], chance: float | None
) -> Panel:
    """Content against style."""
    shown = [group for group in groups if across in group.scores and up in group.scores]
    both = [[group.scores[name] for group in shown] for name in (across, up)]
    figure = content_style(
        *([number.value for number in numbers] for numbers in both),
        [group.objective for group in shown],
        [group.title for group in shown],
        [families.get(group.objective, "generative") for group in shown],
        metrics.title(across),
        metrics.title(up),
        chance,
        tuple([number.error for number in numbers] for numbers in both),
    )
    caption = (
        "Right: tells classes apart. Up: position, hue and the like can still be read. Top right would serve every "
        f"task. Circles are generative, diamonds discriminative, crosses references. {errors_in_words(shown)}"
    )
    return Panel("content-style", "Content against style", caption, figure, data=tidy(shown, (across, up)))


@cached_by_content
def tasks(groups: Sequence[Group]) -> Panel | None:
    """A radar with an axis for content and one for each style factor; None with fewer than three axes."""
    content = metrics.headline("content")
    names = [name for name in (content, *factors(groups)) if any(name in group.scores for group in groups)]
    if len(names) < 3:
        return None
    rows = [[g.scores[name].value if name in g.scores else math.nan for name in names] for g in groups]
    words = ["Content" if name == content else metrics.title(name).split(": ", 1)[-1] for name in names]
    figure = comparison.radar(words, [g.title for g in groups], [g.objective for g in groups], rows)
    caption = (
        "One axis for each task: content is the linear probe’s accuracy, the others R² (or balanced accuracy) of what "
        "differs between views, and the outer ring is 1. A wide shape serves many tasks, a narrow one has "
        "thrown something away."
    )
    return Panel("tasks", "Which task does it serve?", caption, figure, data=tidy(groups, names))


@cached_by_content
def layers(groups: Sequence[Group]) -> Panel | None:
    """The layer profile; None where nobody was measured in full."""
    known = [group for group in groups if group.layers]
    if not known:
        return None
    sides = [
        [{layer.name: layer.value(metrics.headline(family)) for layer in g.layers} for g in known]
        for family in ("content", "style")
    ]
    figure = comparison.layer_profile([g.title for g in known], [g.objective for g in known], *sides)
    rows = [{"run": g.first.run, **layer.model_dump()} for g in known for layer in g.layers]
    caption = (
        "From the backbone outwards to the end of the projection head (generative objectives have none). Where the "
        "right curves fall and the left ones do not, the head is what forgets style, and the backbone still has it."
    )
    return Panel("layers", "Layer by layer", caption, figure, data=pd.DataFrame(rows))


@cached_by_content
def spectrum(groups: Sequence[Group]) -> Panel | None:
    """Singular values; None where nobody was measured in full."""
    known = [group for group in groups if group.spectrum]
    if not known:
        return None
    rank = metrics.headline("geometry")
    ranks = [g.scores[rank].value if rank in g.scores else math.nan for g in known]
    values = [g.spectrum for g in known]
    figure = comparison.spectra([g.title for g in known], [g.objective for g in known], values, ranks)
    rows = [
        {"run": g.first.run, "direction": k + 1, "relative_singular_value": v}
        for g in known
        for k, v in enumerate(g.spectrum)
    ]
    caption = (
        "How strong each direction of the representation is (logarithmic). A flat curve uses all directions; one that "
        "falls off a cliff has collapsed. In the legend: the effective rank, of the width."
    )
    return Panel("spectrum", "Does it collapse?", caption, figure, data=pd.DataFrame(rows))


@cached_by_content
def information(groups: Sequence[Group]) -> Panel | None:
    """Mutual information between two views against its ceiling."""
    names = ("mutual_information", "mutual_information_ceiling", "mutual_information_gaussian")
    known = [group for group in groups if names[0] in group.scores]
    if not known:
        return None
    sides = [[g.scores[name].value if name in g.scores else math.nan for g in known] for name in names]
    figure = comparison.information([g.title for g in known], [g.objective for g in known], *sides)
    caption = (
        "What two views of one datum tell of each other, in nats. The bar is a lower bound, and biased: it can never "
        "say more than log N (the stroke) and sags below the truth as it nears it. The diamond is exact for Gaussian "
        "representations only: too high where views form tight lumps, too low where they depend in bent ways."
        f"{ceilings_in_words(known)}"
    )
    return Panel("information", "What views share", caption, figure, data=tidy(known, names))


@cached_by_content
def bound(groups: Sequence[Group]) -> Panel | None:
    """ELBO_SSL of frozen representations, where it was measured."""
    known = [(g, measured.elbo) for g in groups for measured in g.evaluations[:1] if measured.elbo]
    if not known:
        return None
    parts = [{"reconstruct": e.reconstruct, "entropy": e.entropy, "prior": e.prior} for _, e in known]
    figure = comparison.bounds([g.title for g, _ in known], parts, [e.error for _, e in known])
    rows = [{"run": g.first.run, **e.model_dump(), "elbo": e.total} for g, e in known]
    caption = (
        "Every representation scored under the one model: a decoder and a diagonal posterior fitted on the frozen "
        "features. The mark is the bound on log p of all views of a datum, with its error; further right is better."
    )
    return Panel("elbo", "ELBO_SSL of any representation", caption, figure, data=pd.DataFrame(rows))


SECTIONS = {"Inside": (layers, spectrum), "Information": (information, bound)}


def section(name: str, compared: Comparison) -> list[Panel]:
    """What the part of the page called ``name`` has to show; empty where nothing was measured."""
    return [panel for make in SECTIONS[name] if (panel := make(compared.groups)) is not None]
