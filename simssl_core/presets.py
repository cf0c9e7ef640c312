"""Where a run starts: for each data set the settings that show content and style come apart soonest and fairest.

Only what differs from the defaults of the configuration models stands here and in the catalog's entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simssl_core.config import DataConfig, Member, ModelConfig, RunConfig, TrainConfig, ViewConfig, parse
from simssl_core.data import catalog

SECTIONS = {"data": DataConfig, "views": ViewConfig, "model": ModelConfig, "train": TrainConfig}
# By data set, then objective: what makes its first minute a fair one. On sprites the projection head is linear: a
# deeper one takes over the forgetting, and the representation that everybody looks at keeps the position.
LINEAR = {"head_layers": 1}
OBJECTIVES: dict[str, dict[str, dict[str, Any]]] = {
    "sprites": {
        "simclr": LINEAR | {"temperature": 0.2},
        "vicreg": LINEAR | {"projection": 16},
    },
}


def recommended(
    data: str, members: Iterable[str | Mapping[str, Any] | Member], /, *, name: str = "", **sections: Mapping[str, Any]
) -> RunConfig:
    """A race of ``members`` on the data set ``data`` with the lab's recommended settings.

    ``sections`` (``data``, ``views``, ``model``, ``train``) override single fields; a member's own override the
    recommended ones.

    Raises:
        DataError: the data set is unknown.
        ConfigError: a field is unknown or out of range.
    """
    info = catalog.info(data)
    known = {"data": {"name": data}, "views": info.views, "model": info.model, "train": info.train}
    merged = {part: dict(known[part]) | dict(sections.get(part) or {}) for part in SECTIONS}
    checked = {part: parse(SECTIONS[part], values, part) for part, values in merged.items()}
    return parse(RunConfig, {"name": name, "members": [settled(data, m) for m in members], **checked}, "run")


def settled(data: str, member: str | Mapping[str, Any] | Member) -> Member:
    """``member`` with the recommended settings for ``data`` under its own."""
    member = member if isinstance(member, Member) else parse(Member, _as_mapping(member), "member")
    usual = OBJECTIVES.get(data, {}).get(member.objective, {})
    return member.model_copy(update={"settings": usual | member.settings})


def _as_mapping(member: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"objective": member} if isinstance(member, str) else member
