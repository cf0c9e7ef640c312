"""All that is needed to resume one member, as a flat dictionary of tensors that a safetensors file can hold.

``weights.*`` hold the objective's state, ``adam.<parameter>.*`` the optimiser's moments and step counts, ``stream.<i>``
the states of the member's random numbers, ``race.*`` the state of the generator of batches and views (now, and at the
start of the pass over the data), and ``meta`` JSON as bytes: step, seconds, and what was changed while training.
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


def pack(member: RunningMember, generators: State, meta: Mapping[str, Any]) -> State:
    """Copy to the CPU all that the member needs to continue exactly as if it had never stopped.

    ``generators`` and ``meta`` are the race's part of the state.
    """
    state = {f"weights.{key}": _copy(value) for key, value in member.objective.state_dict().items()}
    for name, parameter in member.objective.named_parameters():
        moments = member.optimizer.state.get(parameter, {}) if member.optimizer else {}
        state |= {f"adam.{name}.{key}": _copy(value) for key, value in moments.items()}
    state |= {f"stream.{i}": _copy(value) for i, value in enumerate(member.stream.states)}
    state |= {key: _copy(value) for key, value in generators.items()}
    values = {
        "format": FORMAT,
        "label": member.label,
        "objective": member.objective.name,
        "learning_rate": member.learning_rate,
        "settings": member.objective.settings.model_dump(mode="json"),
        **meta,
    }
    text = json.dumps(values).encode()
    return state | {"meta": torch.frombuffer(bytearray(text), dtype=torch.uint8)}


def read_meta(state: State) -> dict[str, Any]:
    """The state's JSON part.

    Raises:
        CheckpointError: it is missing, not of this lab, or was written by a newer version.
    """
    try:
        values = json.loads(bytes(state["meta"].to(torch.uint8).tolist()))
        is_readable_format = values["format"] == FORMAT
        meta = {key: kind(values[key]) for key, kind in META.items()}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"this is not the state of a training: {error!r}; resume from another") from error
    if not is_readable_format:
        raise CheckpointError("the state was written by a newer version of the lab; update the lab to resume it")
    return meta


@dataclass(frozen=True)
class Fitted:
    """A state that was checked against its member, ready for :func:`put`.

    ``moments`` are Adam's, by the parameter's position in the optimiser; ``streams`` are None if the member's random
    numbers cannot be continued; ``changed`` are the settings that differ from the member's, by name.
    """

    weights: State
    moments: dict[int, State]
    streams: list[torch.Tensor] | None
    changed: dict[str, Any]


def fit(member: RunningMember, state: State, meta: Mapping[str, Any], same_device: bool) -> Fitted:
    """Check all of ``state`` against ``member`` without changing the member.

    Random numbers can be continued only on the type of device that drew them (``same_device``).

    Raises:
        CheckpointError: the objective, names or shapes differ, or a setting differs that cannot change while training.
    """
    what = f"state of '{member.label}'"
    if meta["objective"] != member.objective.name:
        raise CheckpointError(f"{what} does not fit: it is of '{meta['objective']}', not '{member.objective.name}'")
    weights = _without_prefix("weights.", state)
    check_shapes(what, _shapes(weights), _shapes(member.objective.state_dict()))
    settings = member.objective.settings.model_dump(mode="json")
    changed = {key: value for key, value in meta["settings"].items() if value != settings.get(key)}
    changed |= {"learning_rate": meta["learning_rate"]}
    for name, value in changed.items():
        try:
            member.check(name, value)
        except ConfigError as error:
            raise CheckpointError(f"{what} was trained with another {name} ({value!r}): {error}") from error
    streams = [value.clone() for value in _without_prefix("stream.", state).values()]
    member_shapes = [value.shape for value in member.stream.states]
    can_continue = same_device and [value.shape for value in streams] == member_shapes
    return Fitted(weights, _moments(member, state), streams if can_continue else None, changed)


def put(member: RunningMember, fitted: Fitted) -> None:
    """Make ``member`` continue from a fitted state."""
    for name, value in fitted.changed.items():
        member.change(name, value)
    member.objective.load_state_dict(fitted.weights)
    if member.optimizer is not None:
        groups = member.optimizer.state_dict()["param_groups"]
        member.optimizer.load_state_dict({"state": fitted.moments, "param_groups": groups})
    if fitted.streams is not None:
        member.stream.states = fitted.streams


def _moments(member: RunningMember, state: State) -> dict[int, State]:
    """Adam's state by the parameter's position in the optimiser, with the memory layout of the parameter."""
    if member.optimizer is None:
        return {}
    names = {parameter: name for name, parameter in member.objective.named_parameters()}
    parameters = [parameter for group in member.optimizer.param_groups for parameter in group["params"]]
    moments = {}
    for position, parameter in enumerate(parameters):
        saved = _without_prefix(f"adam.{names[parameter]}.", state)
        saved = {key: value for key, value in saved.items() if key in ("step", "exp_avg", "exp_avg_sq")}
        if not saved:  # the parameter never had a gradient
            continue
        expected = {"step": (), "exp_avg": tuple(parameter.shape), "exp_avg_sq": tuple(parameter.shape)}
        check_shapes(f"optimiser of '{member.label}', {names[parameter]}", _shapes(saved), expected)
        moments[position] = {
            # empty_like keeps the parameter's strides (channels last), which the fused kernel expects of its moments
            key: value.clone() if key == "step" else torch.empty_like(parameter).copy_(value).detach()
            for key, value in saved.items()
        }
    return moments


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()


def _without_prefix(prefix: str, state: Mapping[str, torch.Tensor]) -> State:
    """The tensors whose names start with ``prefix``, by the rest of their names."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple]:
    return {key: tuple(value.shape) for key, value in tensors.items()}
