"""Where a run starts: for each data set the settings that show content and style come apart soonest and fairest.

Only what differs from the defaults of the configuration models is stated: by each data set in its entry and, for
certain data sets, by an objective in ``recommended``. Here the two are put together; settings from the literature have
names.
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

    Of the ``objectives`` named here the settings that their authors' code uses go on top; ``expected``: what it takes
    and brings, as it was measured.
    """

    title: str
    description: str
    data: str
    expected: str
    objectives: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Mapping[str, Any]]:
        """Settings by objective."""
        return {name: about.published for name in self.objectives if (about := facts.find(name))}

    @property
    def info(self) -> DatasetInfo:
        """The catalog's entry with the published settings in the place of the lab's."""
        known = catalog.info(self.data)
        return replace(known, **known.published)


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
        ConfigError: there is none; the known ones are listed.
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
    known = {"data": {"name": data}, "views": info.views, "model": info.model, "train": info.train}
    merged = {part: dict(known[part]) | dict(sections.get(part) or {}) for part in SECTIONS}
    checked = {part: parse(SECTIONS[part], values, part) for part, values in merged.items()}
    shared = checked["views"].shared
    settled_members = [with_recommended_settings(data, member, start, shared) for member in members]
    return parse(RunConfig, {"name": name, "members": settled_members, **checked}, "run")


def with_recommended_settings(
    data: str, member: str | Mapping[str, Any] | Member, start: Preset | None = None, shared: Collection[str] = ()
) -> Member:
    """``member`` with the recommended settings for ``data``, or those of ``start``, under its own.

    ``shared``: the factors that the views of drawn data share.
    """
    member = member if isinstance(member, Member) else parse(Member, _as_mapping(member), "member")
    usual = start.settings.get(member.objective, {}) if start else _recommended_for(data, member.objective, shared)
    return member.model_copy(update={"settings": {**usual, **member.settings}})


def _recommended_for(data: str, objective: str, shared: Collection[str]) -> Mapping[str, Any]:
    about = facts.find(objective)
    keys = (*(f"{data}+{factor}" for factor in shared), data)
    return next((about.recommended[key] for key in keys if key in about.recommended), {}) if about else {}


def _as_mapping(member: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"objective": member} if isinstance(member, str) else member
