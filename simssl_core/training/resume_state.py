"""Everything resume needs, as a flat dictionary of tensors (so that it can be a safetensors file).

``weights.*`` the objective's state, ``adam.<parameter>.*`` the optimiser's moments and counts, ``stream.<i>`` the
racer's random numbers, ``race.*`` the generator of batches and views (now, and at the start of the pass over the
data), ``meta`` JSON as bytes: step, seconds, and what was changed while training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from simssl_core.errors import CheckpointError, ConfigError
from simssl_core.storage.checkpoints import check_shapes
from simssl_core.training.member import RunningMember

FORMAT = 1
META = {
    "label": str,
    "objective": str,
    "step": int,
    "seconds": float,
    "learning_rate": float,
    "settings": dict,
    "train": dict,
    "device": str,
}
State = dict[str, torch.Tensor]


def pack(member: RunningMember, race: State, meta: Mapping[str, Any]) -> State:
    """Copies, on the CPU, of all that makes this member go on exactly as if it had never stopped."""
    state = {f"weights.{key}": _copy(value) for key, value in member.objective.state_dict().items()}
    for name, parameter in member.objective.named_parameters():
        held = member.optimizer.state.get(parameter, {}) if member.optimizer else {}
        state |= {f"adam.{name}.{key}": _copy(value) for key, value in held.items()}
    state |= {f"stream.{i}": _copy(value) for i, value in enumerate(member.stream.states)}
    state |= {key: _copy(value) for key, value in race.items()}
    own = {
        "objective": member.objective.name,
        "learning_rate": member.learning_rate,
        "settings": member.objective.settings.model_dump(mode="json"),
    }
    text = json.dumps({"format": FORMAT, "label": member.label, **own, **meta}).encode()
    return state | {"meta": torch.frombuffer(bytearray(text), dtype=torch.uint8)}


def read_meta(state: State) -> dict[str, Any]:
    """The state's JSON part. Raises CheckpointError if it is missing, foreign or of a newer format."""
    try:
        meta = json.loads(bytes(state["meta"].to(torch.uint8).tolist()))
        known = meta["format"] == FORMAT
        meta = {key: kind(meta[key]) for key, kind in META.items()}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"this is not the state of a training: {error!r}; resume from another") from error
    if not known:
        raise CheckpointError("the state was written by a newer version of the lab; update the lab to resume it")
    return meta


@dataclass(frozen=True)
class Fitted:
    """A state that was found to fit its member: what :func:`put` needs."""

    weights: State
    moments: dict[int, State]
    streams: list[torch.Tensor] | None
    changed: dict[str, Any]


def fit(member: RunningMember, state: State, meta: Mapping[str, Any], same_device: bool) -> Fitted:
    """Compare all of ``state`` with ``member`` and change nothing.

    Random numbers continue only on the kind of device that drew them (``same_device``).

    Raises:
        CheckpointError: the objective, names or shapes differ, or a setting differs that may not change.
    """
    who = f"state of '{member.label}'"
    if meta["objective"] != member.objective.name:
        raise CheckpointError(f"{who} does not fit: it is of '{meta['objective']}', not '{member.objective.name}'")
    weights = _under("weights.", state)
    check_shapes(who, _shapes(weights), _shapes(member.objective.state_dict()))
    settings = member.objective.settings.model_dump(mode="json")
    changed = {key: value for key, value in meta["settings"].items() if value != settings.get(key)}
    changed |= {"learning_rate": meta["learning_rate"]}
    for name, value in changed.items():
        try:
            member.check(name, value)
        except ConfigError as error:
            raise CheckpointError(f"{who} was trained with another {name} ({value!r}): {error}") from error
    streams = [value.clone() for value in _under("stream.", state).values()]
    own = [value.shape for value in member.stream.states]
    continues = same_device and [value.shape for value in streams] == own
    return Fitted(weights, _moments(member, state), streams if continues else None, changed)


def put(member: RunningMember, fitted: Fitted) -> None:
    """Make ``member`` go on from a fitted state."""
    for name, value in fitted.changed.items():
        member.change(name, value)
    member.objective.load_state_dict(fitted.weights)
    if member.optimizer is not None:
        groups = member.optimizer.state_dict()["param_groups"]
        member.optimizer.load_state_dict({"state": fitted.moments, "param_groups": groups})
    if fitted.streams is not None:
        member.stream.states = fitted.streams


def _moments(member: RunningMember, state: State) -> dict[int, State]:
    """Adam's state by the parameter's place in the optimiser, laid out in memory as the parameter is."""
    if member.optimizer is None:
        return {}
    names = {parameter: name for name, parameter in member.objective.named_parameters()}
    order = [p for group in member.optimizer.param_groups for p in group["params"]]
    found = {}
    for place, parameter in enumerate(order):
        held = _under(f"adam.{names[parameter]}.", state)
        held = {key: value for key, value in held.items() if key in ("step", "exp_avg", "exp_avg_sq")}
        if not held:  # never had a gradient
            continue
        expected = {"step": (), "exp_avg": tuple(parameter.shape), "exp_avg_sq": tuple(parameter.shape)}
        check_shapes(f"optimiser of '{member.label}', {names[parameter]}", _shapes(held), expected)
        found[place] = {
            # empty_like keeps the parameter's strides (channels last): the fused kernel walks both side by side
            key: torch.empty_like(parameter).copy_(value).detach() if value.ndim or key != "step" else value.clone()
            for key, value in held.items()
        }
    return found


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()


def _under(prefix: str, state: Mapping[str, torch.Tensor]) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple]:
    return {key: tuple(value.shape) for key, value in tensors.items()}
