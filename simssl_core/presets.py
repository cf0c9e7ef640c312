"""Recommended settings for each data set, and named settings from the literature.

Only what differs from the defaults of the configuration models is stated: by each data set in its entry and, for
certain data sets, by an objective in ``recommended``. This module combines the two.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simssl_core.config import DataConfig, Member, ModelConfig, RunConfig, TrainConfig, ViewConfig, parse
from simssl_core.data import catalog
from simssl_core.data.catalog import DatasetInfo
from simssl_core.errors import ConfigError
from simssl_core.objectives import facts

SECTIONS = {"data": DataConfig, "views": ViewConfig, "model": ModelConfig, "train": TrainConfig}


@dataclass(frozen=True)
class Preset:
    """A named setting from the literature: for the data set ``data`` the paper's own views, encoder and training.

    The listed ``objectives`` also take the settings of their authors' code. ``expected`` states the measured time and
    scores.
    """

    title: str
    description: str
    data: str
    expected: str
    objectives: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Mapping[str, Any]]:
        """Settings by objective."""
        known_facts = facts.everything()
        return {name: known_facts[name].published for name in self.objectives if name in known_facts}

    @property
    def info(self) -> DatasetInfo:
        """The data set's entry with the published settings in place of the lab's."""
        info = catalog.info(self.data)
        return replace(info, **info.published)


NAMED: dict[str, Preset] = {
    "paper-mnist": Preset(
        "The paper's MNIST",
        "MLP 784-500-500-2000-10, batch 64, Adam 8e-5, crops 0.4 to 1, vertical flips (Bizeul et al. 2024).",
        "mnist",
        "On one CPU core 1,000 steps took 41 s an objective; linear probes then read .58 (SimVAE) and .69 (SimCLR).",
    ),
    "paper-cifar10": Preset(
        "The paper's CIFAR-10",
        "ResNet-18 with a small-image stem, 64 dimensions, batch 64, Adam 8e-5, crops, flips and colour jitter "
        "(Bizeul et al. 2024).",
        "cifar10",
        "Made for a GPU: on one CPU core a step of SimCLR took 2.5 s; after 20 steps its linear probe read .22.",
    ),
    "simvae-released": Preset(
        "SimVAE as released",
        "The paper's MNIST with the two weights of the authors' published code: entropy 2π, reconstruction 100.",
        "mnist",
        "On one CPU core 1,000 steps took 55 s and brought the linear probe to .61, at an effective rank of 3.4 of 10.",
        objectives=("simvae",),
    ),
}


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ConfigError: there is none; the message lists the presets.
    """
    if name not in NAMED:
        near = difflib.get_close_matches(str(name), NAMED, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ConfigError(f"There is no preset '{name}'.{hint} Known: {', '.join(NAMED)}.")
    return NAMED[name]


def recommended(
    data: str,
    members: Iterable[str | Mapping[str, Any] | Member],
    /,
    *,
    name: str = "",
    start: Preset | None = None,
    **sections: Mapping[str, Any],
) -> RunConfig:
    """A race of ``members`` on the data set ``data`` with the lab's recommended settings, or those of ``start``.

    ``sections`` (``data``, ``views``, ``model``, ``train``) override single fields; a member's own override the
    recommended ones.

    Raises:
        DataError: the data set is unknown.
        ConfigError: a field is unknown or out of range.
    """
    info = start.info if start else catalog.info(data)
    data = info.name
    usual = {"data": {"name": data}, "views": info.views, "model": info.model, "train": info.train}
    merged = {section: dict(usual[section]) | dict(sections.get(section) or {}) for section in SECTIONS}
    configs = {section: parse(SECTIONS[section], values, section) for section, values in merged.items()}
    shared = configs["views"].shared
    complete_members = [with_recommended_settings(data, member, start, shared) for member in members]
    return parse(RunConfig, {"name": name, "members": complete_members, **configs}, "run")


def with_recommended_settings(
    data: str, member: str | Mapping[str, Any] | Member, start: Preset | None = None, shared: Collection[str] = ()
) -> Member:
    """``member`` with the recommended settings for ``data``, or those of ``start``, under its own.

    ``shared`` are the factors that the views of drawn data share.
    """
    member = member if isinstance(member, Member) else parse(Member, _as_mapping(member), "member")
    usual = start.settings.get(member.objective, {}) if start else _recommended_for(data, member.objective, shared)
    return member.model_copy(update={"settings": {**usual, **member.settings}})


def _recommended_for(data: str, objective: str, shared: Collection[str]) -> Mapping[str, Any]:
    """The objective's settings for ``data``; an entry "data+factor" for a shared factor comes before one for "data"."""
    objective_facts = facts.find(objective)
    if objective_facts is None:
        return {}
    for key in (*(f"{data}+{factor}" for factor in shared), data):
        if key in objective_facts.recommended:
            return objective_facts.recommended[key]
    return {}


def _as_mapping(member: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"objective": member} if isinstance(member, str) else member
