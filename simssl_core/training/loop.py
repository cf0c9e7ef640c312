"""The one training loop: a race of objectives on the same views, as a generator that yields progress.

The worker, the shell, the tests and the study all iterate :meth:`Race.run`. It trains while it is iterated and rests
between, so whoever iterates may measure, save or change a setting at any yield.

What makes a race fair: every member starts from the same seed (so encoders of equal shape start from equal weights),
sees the same views of the same data in the same order, and draws its own noise from a stream that starts equally and
belongs to it alone. A member's numbers are therefore bit-equal on a CPU whoever else races.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from simssl_core import objectives
from simssl_core.config import RunConfig, TrainConfig, parse
from simssl_core.data.types import Views
from simssl_core.data.view_maker import make_views
from simssl_core.errors import CheckpointError, ConfigError, RunError
from simssl_core.objectives.base import Context
from simssl_core.runtime.devices import precision
from simssl_core.runtime.randomness import Stream, seed_for
from simssl_core.storage.run_record import DatasetRecord, RunRecord
from simssl_core.training import resume_state as states
from simssl_core.training.batches import Batches
from simssl_core.training.member import RunningMember
from simssl_core.version import VERSION

FEW = 10  # steps between looks at the terms, where looking is free (CPU)
LOG_SECONDS = 0.2  # a page cannot show more; on a GPU each look waits for the device


@dataclass(frozen=True)
class Progress:
    """Where a race stands after a step. ``terms`` (per label: loss, roles, extras; nats per datum) is None at most
    steps, because reading it would make a GPU wait. ``seconds`` is training time only; ``done`` in [0, 1]."""

    step: int
    seconds: float
    done: float
    views_per_second: float
    terms: dict[str, dict[str, float]] | None = None
    failed: dict[str, str] = field(default_factory=dict)


class Race:
    """One to many objectives trained side by side on ``dataset``, which must already lie on ``device``.

    Raises:
        ConfigError: an objective or one of its settings is unknown or out of range.
    """

    def __init__(self, config: RunConfig, dataset: Any, device: str = "cpu"):
        self.config, self.dataset, self.device = config, dataset, device
        self.step, self.elapsed, self.views_per_second = 0, 0.0, 0.0
        self.view_maker = make_views(dataset, config.views)
        self.context = Context(
            model=config.model,
            shape=tuple(dataset.shape),
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
        self.members = {member.label: self._member(member) for member in config.members}

    def _member(self, member: Any) -> RunningMember:
        seed, train = self.config.train.seed, self.config.train
        # the same seed for every member: equal encoders start equal, and equal draws make a comparison less noisy
        with Stream(seed_for(seed, "weights"), self.device):
            objective = objectives.build(member.objective, member.settings, self.context).to(self.device)
        stream = Stream(seed_for(seed, "noise"), self.device)
        return RunningMember(member.label, objective.train(), stream, train.learning_rate, train.weight_decay)

    @property
    def live(self) -> dict[str, RunningMember]:
        """The members still in the race."""
        return {label: m for label, m in self.members.items() if m.failed is None}

    @property
    def done(self) -> float:
        """How much of the training is over, in [0, 1]."""
        limit = self.config.train.seconds
        return min(1.0, max(self.step / self.config.train.steps, self.elapsed / limit if limit else 0.0))

    def run(self, log_every: int | None = None) -> Iterator[Progress]:
        """Train to the end, yielding after every step. Ends early when no member is left.

        The terms are read (and a loss that is no longer finite is noticed) at the first and the last step and, between,
        every ``log_every`` steps; by default every 0.2 s, and on a CPU, where looking is free, every 10 steps as well.
        """
        mark = self.elapsed, self.step
        while self.done < 1 and self.live:
            before, started = self.elapsed, time.perf_counter()
            self._advance()
            self.elapsed = before + time.perf_counter() - started
            terms = None
            if self._due(*mark, log_every):
                terms = self._read()
                self.elapsed = before + time.perf_counter() - started
                views = (self.step - mark[1]) * self._batches.batch * self.config.views.count
                self.views_per_second = views / max(self.elapsed - mark[0], 1e-9)
                mark = self.elapsed, self.step
            yield Progress(self.step, self.elapsed, self.done, self.views_per_second, terms, self.failed)

    def _due(self, mark_seconds: float, mark_step: int, log_every: int | None) -> bool:
        if self.step == 1 or self.done >= 1:
            return True
        if log_every:
            return self.step % log_every == 0
        every_few = self.device == "cpu" and self.step - mark_step >= FEW
        return every_few or self.elapsed - mark_seconds >= LOG_SECONDS

    def _advance(self) -> None:
        """One step of every live member on one set of views."""
        views = self.views(self._batches.indices(self.step))
        train = self.config.train
        kind = torch.device(self.device).type
        autocast = torch.autocast(kind, dtype=self._dtype, enabled=self._dtype is not None)
        self.step += 1
        for member in self.live.values():
            rate = warmed_up(member.learning_rate, self.step - 1, train.warmup)
            member.step(views, rate, self.step, train.steps, autocast)

    def views(self, index: torch.Tensor) -> Views:
        """J views of the training data at ``index``, drawn from the race's generator."""
        return self.view_maker(self.dataset.train, index, self._generator)

    def _read(self) -> dict[str, dict[str, float]]:
        """The latest terms of the live members as numbers, in one transfer; members whose loss is not finite leave."""
        latest = {label: member.latest for label, member in self.live.items()}
        if not latest:
            return {}
        flat = torch.stack([value.float() for terms in latest.values() for value in terms.values()])
        numbers = iter(flat.tolist())
        read = {label: {name: next(numbers) for name in terms} for label, terms in latest.items()}
        finite = {}
        for label, terms in read.items():
            if abs(terms["loss"]) < float("inf"):
                finite[label] = terms
            else:
                self.members[label].fail(self.step, terms["loss"])
        return finite

    @property
    def failed(self) -> dict[str, str]:
        """Why each member that left the race was stopped."""
        return {label: m.failed for label, m in self.members.items() if m.failed is not None}

    def healthy(self) -> dict[str, RunningMember]:
        """The live members, after looking at every weight: what may be saved. (A gradient can be NaN under a loss that
        is not, and would poison the checkpoint that was to rescue the run.) Waits for the device."""
        for member in self.live.values():
            if not member.sound():
                member.fail(self.step, float("nan"))
        return self.live

    def drop(self, label: str, reason: str) -> None:
        """Take one member out of the race; the others go on unchanged."""
        self._find(label).failed = reason

    def change(self, label: str | None, name: str, value: Any) -> None:
        """Change a live setting of one member, or (label None) of every member that has it.

        Raises:
            ConfigError: nobody has such a live setting, or the value is out of range; then nothing has changed.
            RunError: no member has this label.
        """
        chosen = [self._find(label)] if label is not None else [m for m in self.live.values() if m.can_change(name)]
        if not chosen:
            knobs = "; ".join(member.knobs() for member in self.live.values())
            raise ConfigError(f"no member of this race can change '{name}' while it trains; {knobs}")
        for member in chosen:
            member.check(name, value)
        if label is None and name in TrainConfig.model_fields:
            self._set_train({name: value})
        for member in chosen:
            member.change(name, value)

    def _set_train(self, values: Mapping[str, Any]) -> None:
        train = parse(TrainConfig, self.config.train.model_dump() | dict(values), "train")
        self.config = self.config.model_copy(update={"train": train})

    def _find(self, label: str) -> RunningMember:
        if label not in self.members:
            raise RunError(f"no member of this race is called '{label}'; there are {', '.join(self.members)}")
        return self.members[label]

    def state(self, label: str) -> states.State:
        """All that resume needs of one live member, copied to the CPU. Raises RunError for a member that failed."""
        member = self._find(label)
        if member.failed is not None:
            raise RunError(f"'{label}' was stopped and its weights are not sound: {member.failed}")
        race = {"race.generator": self._generator.get_state(), "race.pass": self._batches.pass_state}
        live = {"learning_rate": self.config.train.learning_rate}
        kind = torch.device(self.device).type
        return states.pack(member, race, {"step": self.step, "seconds": self.elapsed, "train": live, "device": kind})

    def restore(self, saved: Mapping[str, states.State]) -> None:
        """Go on from the states of all live members, taken at one step: on a CPU bit-equally to a race that never
        stopped. (On another kind of device the random numbers start anew, from the seed and the step.)

        Raises:
            CheckpointError: a live member has no state, the states are of different steps, or one does not fit; then
                nothing has changed.
        """
        missing = [label for label in self.live if label not in saved]
        if missing:
            raise CheckpointError(f"no state to resume {', '.join(missing)} from; drop it from the race or start anew")
        metas = {label: states.read_meta(saved[label]) for label in self.live}
        steps = sorted({meta["step"] for meta in metas.values()})
        if len(steps) != 1:
            raise CheckpointError(
                f"the members' states are of different steps ({steps}); resume needs one they all have"
            )
        same = all(meta["device"] == torch.device(self.device).type for meta in metas.values())
        fitted = {label: states.fit(member, saved[label], metas[label], same) for label, member in self.live.items()}
        for label, found in fitted.items():
            states.put(self.members[label], found)
        meta, state = next((metas[label], saved[label]) for label in self.live)
        self.step, self.elapsed = meta["step"], meta["seconds"]
        self._set_train(meta["train"])
        if same:
            self._batches.rewind(self.step, state["race.pass"], state["race.generator"])
        else:
            self._start_anew()

    def _start_anew(self) -> None:
        """Fresh random numbers for this step, where those of another kind of device cannot be continued."""
        seed = self.config.train.seed
        self._generator.manual_seed(seed_for(seed, f"views:{self.step}"))
        self._batches.forget()
        for member in self.live.values():
            member.stream.reseed(seed_for(seed, f"noise:{self.step}"))

    def record(self, label: str, **rest: Any) -> RunRecord:
        """The run.json of one member as it stands now; ``rest`` gives status, reason, scores, score_step, created."""
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
                shape=tuple(data.shape),
                classes=tuple(data.classes),
                factors=tuple(asdict(factor) for factor in data.factors),
            ),
            **rest,
        )


def versions() -> dict[str, str]:
    """What a run was made with."""
    return {"python": platform.python_version(), "torch": torch.__version__, "simssl": VERSION}


def warmed_up(value: float, step: int, warmup: int) -> float:
    """The learning rate at ``step`` (from 0): it rises evenly to ``value`` over ``warmup`` steps, then stays."""
    return value * min(1.0, (step + 1) / warmup) if warmup > 0 else value
