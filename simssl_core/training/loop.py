"""The training loop: a race trains several objectives on the same views and yields its progress after every step.

The worker, the shell, the tests and the study all iterate :meth:`Race.run`. It trains only while it is iterated, so
the caller may measure, save or change a setting after any step.

What makes a race fair: every member starts from the same seed (so encoders of equal shape start from equal weights),
sees the same views of the same data in the same order, and draws its noise from a private stream that starts from the
same seed. On a CPU a member's numbers are therefore bit-equal whatever the other members are.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from simssl_core import objectives
from simssl_core.config import Member, RunConfig, TrainConfig, parse
from simssl_core.data.catalog import Dataset
from simssl_core.data.types import Views
from simssl_core.data.view_maker import make_views
from simssl_core.errors import CheckpointError, ConfigError, RunError
from simssl_core.objectives.base import Context
from simssl_core.runtime.devices import precision
from simssl_core.runtime.randomness import Stream, seed_for
from simssl_core.storage.run_record import DatasetRecord, RunRecord
from simssl_core.training import resume_state
from simssl_core.training.batches import Batches
from simssl_core.training.member import RunningMember
from simssl_core.version import VERSION

CPU_LOG_STEPS = 10  # steps between two readings of the terms on a CPU, where a reading costs nothing
LOG_SECONDS = 0.2  # pages do not refresh more often; on a GPU each reading waits for the device


@dataclass(frozen=True)
class Progress:
    """The progress of a race after a step.

    ``terms`` holds by label the loss, the roles' terms and the extras, in nats per datum. It is None at most steps,
    because reading it makes a GPU wait. ``seconds`` counts training time only; ``done`` is the share of the training
    that is over, in [0, 1]; ``failed`` holds by label why members were stopped.
    """

    step: int
    seconds: float
    done: float
    views_per_second: float
    terms: dict[str, dict[str, float]] | None = None
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """When the terms were last read: training time in seconds, and step."""

    seconds: float
    step: int


class Race:
    """One or more objectives that are trained side by side on ``dataset``, which must already be on ``device``.

    Raises:
        ConfigError: an objective or one of its settings is unknown or out of range.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, device: str = "cpu") -> None:
        self.config = config
        self.dataset = dataset
        self.device = device
        self.step = 0
        self.elapsed = 0.0  # seconds of training
        self.views_per_second = 0.0
        self.view_maker = make_views(dataset, config.views)
        self.context = Context(
            model=config.model,
            shape=dataset.shape,
            data_size=len(dataset.train),
            classes=len(dataset.classes),
            likelihood=dataset.likelihood,
            views=config.views.count,
            vocabulary=tuple(dataset.vocabulary),
        )
        seed, train = config.train.seed, config.train
        self._generator = torch.Generator(device).manual_seed(seed_for(seed, "views"))
        self._batches = Batches(len(dataset.train), train.batch, self._generator)
        self._dtype = precision(device, train.precision)
        self.members = {member.label: self._start(member) for member in config.members}

    def _start(self, member: Member) -> RunningMember:
        seed, train = self.config.train.seed, self.config.train
        # every member has the same seed: equal encoders start equal, and equal noise makes comparisons less noisy
        with Stream(seed_for(seed, "weights"), self.device):
            objective = objectives.build(member.objective, member.settings, self.context).to(self.device)
        stream = Stream(seed_for(seed, "noise"), self.device)
        return RunningMember(member.label, objective.train(), stream, train.learning_rate, train.weight_decay)

    @property
    def live(self) -> dict[str, RunningMember]:
        """The members still in the race, by label."""
        return {label: member for label, member in self.members.items() if member.failed is None}

    @property
    def done(self) -> float:
        """The share of the training that is over, in [0, 1]: of its steps or, if larger, of its time limit."""
        limit = self.config.train.seconds
        share_of_time = self.elapsed / limit if limit else 0.0
        return min(1.0, max(self.step / self.config.train.steps, share_of_time))

    def run(self, log_every: int | None = None) -> Iterator[Progress]:
        """Train to the end and yield after every step. Ends early when no member is left.

        The terms are read, and losses that are no longer finite are noticed, at the first and the last step and every
        ``log_every`` steps between them. By default they are read every 0.2 s and on a CPU also every 10 steps.
        """
        last_reading = Reading(self.elapsed, self.step)
        while self.done < 1 and self.live:
            before, started = self.elapsed, time.perf_counter()
            self._advance()
            self.elapsed = before + time.perf_counter() - started
            terms = None
            if self._reading_is_due(last_reading, log_every):
                terms = self._read()
                self.elapsed = before + time.perf_counter() - started
                view_count = (self.step - last_reading.step) * self._batches.batch * self.config.views.count
                self.views_per_second = view_count / max(self.elapsed - last_reading.seconds, 1e-9)
                last_reading = Reading(self.elapsed, self.step)
            yield Progress(self.step, self.elapsed, self.done, self.views_per_second, terms, self.failed)

    def _reading_is_due(self, last_reading: Reading, log_every: int | None) -> bool:
        if self.step == 1 or self.done >= 1:
            return True
        if log_every:
            return self.step % log_every == 0
        enough_steps = self.device == "cpu" and self.step - last_reading.step >= CPU_LOG_STEPS
        return enough_steps or self.elapsed - last_reading.seconds >= LOG_SECONDS

    def _advance(self) -> None:
        """Train every live member for one step on the same views."""
        views = self.views(self._batches.indices(self.step))
        train = self.config.train
        device_type = torch.device(self.device).type
        autocast = torch.autocast(device_type, dtype=self._dtype, enabled=self._dtype is not None)
        self.step += 1
        for member in self.live.values():
            rate = warmed_up(member.learning_rate, self.step - 1, train.warmup)
            member.step(views, rate, self.step, train.steps, autocast)

    def views(self, index: torch.Tensor) -> Views:
        """J views of the training data at ``index`` (B,), drawn from the race's generator."""
        return self.view_maker(self.dataset.train, index, self._generator)

    def _read(self) -> dict[str, dict[str, float]]:
        """Read the latest terms of the live members, by label, in one transfer from the device.

        Members whose loss is not finite are stopped and left out.
        """
        latest = {label: member.latest for label, member in self.live.items()}
        if not latest:
            return {}
        flat = torch.stack([value.float() for terms in latest.values() for value in terms.values()])
        numbers = iter(flat.tolist())
        terms_by_label = {label: {name: next(numbers) for name in terms} for label, terms in latest.items()}
        finite = {}
        for label, terms in terms_by_label.items():
            if math.isfinite(terms["loss"]):
                finite[label] = terms
            else:
                self.members[label].fail(self.step, terms["loss"])
        return finite

    @property
    def failed(self) -> dict[str, str]:
        """Why each member that left the race was stopped, by label."""
        return {label: member.failed for label, member in self.members.items() if member.failed is not None}

    def healthy(self) -> dict[str, RunningMember]:
        """Stop every live member that has a weight that is not finite, and return the others, which may be saved.

        A gradient can be NaN although the loss is finite; such weights must not replace those of the last checkpoint.
        This waits for the device.
        """
        for member in self.live.values():
            if not member.sound():
                member.fail(self.step, math.nan)
        return self.live

    def drop(self, label: str, reason: str) -> None:
        """Take one member out of the race; the others continue unchanged."""
        self._find(label).failed = reason

    def change(self, label: str | None, name: str, value: Any) -> None:
        """Change a live setting of one member, or (label None) of every member that has it.

        Raises:
            ConfigError: no member has such a live setting, or the value is out of range; then nothing has changed.
            RunError: no member has this label.
        """
        if label is not None:
            members = [self._find(label)]
        else:
            members = [member for member in self.live.values() if member.can_change(name)]
        if not members:
            knobs = "; ".join(member.knobs() for member in self.live.values())
            raise ConfigError(f"no member of this race can change '{name}' while it trains; {knobs}")
        for member in members:
            member.check(name, value)
        if label is None and name in TrainConfig.model_fields:
            self._set_train({name: value})
        for member in members:
            member.change(name, value)

    def _set_train(self, values: Mapping[str, Any]) -> None:
        train = parse(TrainConfig, self.config.train.model_dump() | dict(values), "train")
        self.config = self.config.model_copy(update={"train": train})

    def _find(self, label: str) -> RunningMember:
        if label not in self.members:
            raise RunError(f"no member of this race is called '{label}'; its members are {', '.join(self.members)}")
        return self.members[label]

    def state(self, label: str) -> resume_state.State:
        """All that is needed to resume one live member, copied to the CPU.

        Raises:
            RunError: no member has this label, or the member was stopped.
        """
        member = self._find(label)
        if member.failed is not None:
            raise RunError(f"'{label}' was stopped and its weights cannot be trusted: {member.failed}")
        generators = {"race.generator": self._generator.get_state(), "race.pass": self._batches.pass_state}
        meta = {
            "step": self.step,
            "seconds": self.elapsed,
            "train": {"learning_rate": self.config.train.learning_rate},
            "device": torch.device(self.device).type,
        }
        return resume_state.pack(member, generators, meta)

    def restore(self, saved: Mapping[str, resume_state.State]) -> None:
        """Continue from the states of all live members, which must be of the same step.

        On a CPU the race then continues bit-equally to one that never stopped. If the states come from another type of
        device, the random numbers start again from the seed and the step.

        Raises:
            CheckpointError: a live member has no state, the states are of different steps, or one does not fit; then
                nothing has changed.
        """
        missing = [label for label in self.live if label not in saved]
        if missing:
            raise CheckpointError(
                f"there is no state to resume {', '.join(missing)} from; drop it from the race or start a new race"
            )
        metas = {label: resume_state.read_meta(saved[label]) for label in self.live}
        steps = sorted({meta["step"] for meta in metas.values()})
        if len(steps) != 1:
            raise CheckpointError(
                f"the members' states are of different steps ({steps}); resuming needs states of the same step"
            )
        same_device = all(meta["device"] == torch.device(self.device).type for meta in metas.values())
        fitted_states = {
            label: resume_state.fit(member, saved[label], metas[label], same_device)
            for label, member in self.live.items()
        }
        for label, fitted in fitted_states.items():
            resume_state.put(self.members[label], fitted)
        first = next(iter(self.live))  # the race's part is the same in all states
        meta, state = metas[first], saved[first]
        self.step, self.elapsed = meta["step"], meta["seconds"]
        self._set_train(meta["train"])
        if same_device:
            self._batches.rewind(self.step, state["race.pass"], state["race.generator"])
        else:
            self._reseed()

    def _reseed(self) -> None:
        """Seed all random numbers for this step, as those of another type of device cannot be continued."""
        seed = self.config.train.seed
        self._generator.manual_seed(seed_for(seed, f"views:{self.step}"))
        self._batches.forget()
        for member in self.live.values():
            member.stream.reseed(seed_for(seed, f"noise:{self.step}"))

    def record(self, label: str, **rest: Any) -> RunRecord:
        """The present record of one member's run; ``rest`` gives status, reason, scores, score_step and created."""
        member, data = self._find(label), self.dataset
        train = self.config.train.model_copy(update={"learning_rate": member.learning_rate})
        return RunRecord(
            run=self.config.run_name(label),
            race=self.config.name,
            objective=member.objective.name,
            label=label,
            settings=member.objective.settings.model_dump(mode="json"),
            config=self.config.model_copy(update={"train": train}),
            step=self.step,
            seconds=self.elapsed,
            versions=versions(),
            device=self.device,
            context=self.context.model_dump(mode="json"),
            dataset=DatasetRecord(
                name=data.info.name,
                title=data.info.title,
                shape=data.shape,
                classes=tuple(data.classes),
                factors=tuple(asdict(factor) for factor in data.factors),
            ),
            **rest,
        )


def versions() -> dict[str, str]:
    """The versions of Python, torch and the lab, for a run's record."""
    return {"python": platform.python_version(), "torch": torch.__version__, "simssl": VERSION}


def warmed_up(value: float, step: int, warmup: int) -> float:
    """The learning rate at ``step`` (from 0): it rises linearly to ``value`` over ``warmup`` steps, then stays."""
    return value * min(1.0, (step + 1) / warmup) if warmup > 0 else value
