"""Live measurement beside a training: which member, when, and how much, so that its cost stays within a share.

A measurement costs the trainer's time (encoding some thousand images) and the evaluator's (probes, UMAP). Both count:
``(trainer + evaluator) / training time <= probe_share``. The features are taken at one step, so a result that arrives
later still belongs to that step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from simssl_core.errors import LabError
from simssl_core.jobs.evaluator import Evaluator
from simssl_core.jobs.messages import Job, Result
from simssl_core.jobs.recorder import Recorder
from simssl_core.storage import evaluation_file, map_files, paths
from simssl_core.storage.run_record import weights_id

if TYPE_CHECKING:
    import pandas as pd

    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.features import ProbeViews
    from simssl_core.training.loop import Race

FIRST_SECONDS, FIRST_STEP = 2.0, 20
CREDIT_SECONDS = 40.0  # of training time whose share may be spent ahead, so that a page comes alive at once
ENCODE_SECONDS = 2.0  # that one measurement should hold the trainer up at most
UMAP_SECONDS = 0.5  # of the evaluator that a frame is thought to cost which still waits for UMAP to be compiled
FINAL_SECONDS = 12.0
FINAL_IMAGES = 2_000
SLOW = 300.0  # seconds that encoding may take on a slow machine before anyone worries


@dataclass(frozen=True)
class SentJob:
    """A job that the evaluator has: what encoding cost, and the race's training time when it was sent."""

    job: Job
    encoding_seconds: float
    race_seconds: float


@dataclass(frozen=True)
class DrawnViews:
    """The views that ``plan`` measures."""

    plan: Plan
    views: ProbeViews


@dataclass(frozen=True)
class MapPoints:
    """The points of a race's map: their table, and one picture of all with ``columns`` cells (height, width) a row."""

    table: pd.DataFrame
    sheet: bytes
    columns: int
    cell: tuple[int, int]


class LiveEvaluation:
    """Measures the members of a race in turn; never two at once."""

    def __init__(self, race: Race, recorder: Recorder) -> None:
        self.race, self.recorder = race, recorder
        self.blocked = self.cpu = self.mapping = 0.0
        self._owed = 0
        self._cost: dict[str, float] = {}
        self._count: dict[str, int] = dict.fromkeys(race.members, 0)
        self._sent: SentJob | None = None
        self._drawn: DrawnViews | None = None
        self._points: MapPoints | None = None
        self._restarts = 1
        self._from = race.elapsed
        self._told: set[str] = set()  # members whose last layouts the present evaluator knows
        self.evaluator: Evaluator | None = Evaluator()
        self.plan, self._rate = self._sized()

    # -- when -----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Called between two steps: take in a result, or start a measurement if one is due and affordable."""
        self._receive()
        if self.evaluator is None or self._sent is not None or not self.race.live:
            return
        label = min(self.race.live, key=lambda name: self._count[name])
        if self._due() and self._affordable(label):
            self.measure(label)

    def tick_results(self) -> None:
        """Take in a result, but start nothing (the race is paused)."""
        self._receive()

    @property
    def trained(self) -> float:
        """Seconds of training since this process began."""
        return self.race.elapsed - self._from

    @property
    def spent(self) -> float:
        """Seconds of trainer and evaluator used so far."""
        return self.blocked + self.cpu

    def _due(self) -> bool:
        return self.trained >= FIRST_SECONDS or self.race.step >= FIRST_STEP

    def _affordable(self, label: str) -> bool:
        share, elapsed = self.race.config.train.probe_share, self.trained
        if share <= 0:
            return False
        expected = self._cost.get(label) or max(self._cost.values(), default=0.0)
        horizon = self.race.elapsed / max(self.race.done, 1e-6)
        due = self.spent + self._owed * UMAP_SECONDS + expected
        return due <= share * max(elapsed, min(CREDIT_SECONDS, horizon / 2))

    # -- what -----------------------------------------------------------------------------------------------------

    def measure(self, label: str, full: bool = False) -> None:
        """Take the member's features and hand them to the evaluator."""
        from simssl_core.evaluation.measurement import encode
        from simssl_core.training.member import measuring

        self.recorder.beat(self.race, force=True, patience=SLOW)
        started = time.perf_counter()
        plan = self._final_plan() if full else self.plan
        drawn = self._views(plan)
        prepared = time.perf_counter()
        with measuring(self.race.members[label]) as objective:
            encodings = encode(objective, self.race.dataset, self.race.view_maker, plan, drawn)
        encoded = time.perf_counter() - prepared
        if not (map_files.folder(self.recorder.file.runs[label], self.recorder.root) / map_files.INFO).exists():
            self._begin_map(label)
        job = Job(label, self.race.step, encodings, None if label in self._told else self._last(label))
        self._told.add(label)
        self._count[label] += 1
        blocked = time.perf_counter() - started
        self.blocked += 0.0 if full else blocked
        # drawing views and pictures is done once: no guide to the next
        self._sent = SentJob(job, encoded, self.race.elapsed)
        self.evaluator.submit(job)

    def final(self) -> Iterator[str]:
        """Measure every member in full, one after the other; yields its label again and again while one waits."""
        while self._sent is not None and self.evaluator is not None:
            self._receive()
            yield self._sent.job.label if self._sent else ""
            time.sleep(0.02)
        for label in list(self.race.live):
            if self.evaluator is None:
                return
            yield label
            for _ in range(2):  # once more if the evaluator dies of it
                evaluator = self.evaluator
                self.measure(label, full=True)
                while self._sent is not None and self.evaluator is not None:
                    self._receive()
                    yield label
                    time.sleep(0.02)
                if self.evaluator is evaluator or self.evaluator is None:
                    break

    def close(self) -> None:
        """End the evaluator."""
        if self.evaluator is not None:
            self.evaluator.close()
            self.evaluator = None

    # -- results --------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        if self.evaluator is None:
            return
        result = self.evaluator.poll()
        if result is not None:
            self._take(result)
        elif self.evaluator.dead:
            self._restart()

    def _take(self, result: Result) -> None:
        started = time.perf_counter()
        sent, self._sent = self._sent, None
        full, measurement = sent.job.encodings.full, result.measurement
        self._cost[result.label] = sent.encoding_seconds + result.cpu
        self._owed = result.owed
        if not full:
            self.cpu, self.mapping = self.cpu + result.cpu, self.mapping + result.mapping
        run = self.recorder.file.runs[result.label]
        for step, layouts in result.frames:
            map_files.add_frame(run, self.recorder.root, step, layouts)
        if measurement is not None:
            self.recorder.scored(result.label, result.step, sent.race_seconds, measurement.scores)
            if full and measurement.intervals is not None and result.step == self.race.step:
                self._save_evaluation(run, result)
        if result.trouble:
            self.recorder.event("evaluator", result.trouble, result.label, result.step)
        if result.compiled is not None:
            text = f"UMAP is ready; compiling it once took {result.compiled:.0f} s of another core"
            self.recorder.event("evaluator", text, step=result.step, compiled=result.compiled)
        self.blocked += 0.0 if full else time.perf_counter() - started
        elapsed = max(self.trained, 1e-9)
        shares = {
            "probe_share": self.spent / elapsed,
            "probe_share_trainer": self.blocked / elapsed,
            "probe_share_evaluator": self.cpu / elapsed,
            "probe_share_map": self.mapping / elapsed,
        }
        self.recorder.numbers(result.label, self.race.step, self.race.elapsed, shares)

    def _save_evaluation(self, run: str, result: Result) -> None:
        """Store the full measurement (without layers) with the run; this step's weights are on the disk already."""
        folder = paths.run_folder(self.recorder.root, run)
        try:
            findings = evaluation_file.as_findings(result.measurement, weights_id(folder), result.step)
            evaluation_file.write(folder, findings)
        except (LabError, OSError) as error:
            self.recorder.event(
                "evaluator", f"{evaluation_file.FILE} was not written: {error}", result.label, result.step
            )

    def _restart(self) -> None:
        """The evaluator died: start it once more, then do without."""
        self.evaluator.close()
        self._sent, self._told = None, set()
        if self._restarts > 0:
            self._restarts -= 1
            self.evaluator = Evaluator()
            text = "The evaluator (probes and map) ended unexpectedly and was started again; the training went on."
        else:
            self.evaluator = None
            text = "The evaluator ended again: the training goes on without probes and map."
        self.recorder.event("evaluator", text, step=self.race.step)

    # -- how much -------------------------------------------------------------------------------------------------

    def _sized(self) -> tuple[Plan, float]:
        """The race's plan (fixed at its first start) and the images/s that a member encodes.

        A slow model gets a half, a quarter or an eighth of the images: coarse, so that chance does not choose.
        """
        from simssl_core.data.probe_set import Plan

        rate = self._encoding_rate()
        known = self.recorder.file.plan
        if known:
            return Plan(**known), rate
        train, usual = self.race.config.train, Plan()
        images = 2 * train.probe_images + usual.share_data * usual.share_views + usual.clouds * usual.cloud_views
        scale = _halved(1.0, lambda part: part * images / rate <= ENCODE_SECONDS)
        plan = Plan(
            probe_images=max(200, int(scale * train.probe_images)),
            map_points=max(200, int(scale * train.map_points)),
            clouds=16 if scale > 0.25 else 8,
            cloud_views=16 if scale > 0.25 else 8,
            share_data=int(scale * usual.share_data),
        )
        self.recorder.file.plan = {name: value for name, value in asdict(plan).items() if name != "full"}
        self.recorder.file.save(self.recorder.root)
        return plan, rate

    def _encoding_rate(self) -> float:
        """Images/s that the first member encodes: the best of three tries on 64 images."""
        from simssl_core.training.member import measuring

        race, rates = self.race, []
        places = race.dataset.test.labels.new_tensor(range(min(64, len(race.dataset.test))))
        with measuring(next(iter(race.members.values()))) as objective:
            images = race.view_maker.plain(race.dataset.test, places)
            for _ in range(3):
                started = time.perf_counter()
                objective.encode(images).sum().item()
                rates.append(len(images) / max(time.perf_counter() - started, 1e-6))
        return max(rates)

    def _final_plan(self) -> Plan:
        scale = _halved(1.0, lambda part: 3 * part * FINAL_IMAGES / self._rate <= FINAL_SECONDS)
        return replace(self.plan, probe_images=max(self.plan.probe_images, int(scale * FINAL_IMAGES)), full=True)

    def _views(self, plan: Plan) -> ProbeViews:
        """The views that the plan measures, drawn once for all members and frames."""
        from simssl_core.evaluation.features import draw

        if self._drawn is None or self._drawn.plan != plan:
            self._drawn = DrawnViews(plan, draw(self.race.dataset, self.race.view_maker, plan))
        return self._drawn.views

    def _begin_map(self, label: str) -> None:
        """Write the points and their pictures, which all frames of this run share."""
        from simssl_core.latent.map_points import map_points, sheet

        if self._points is None:
            table, images = map_points(self.race.dataset, self.race.view_maker, self.plan)
            picture, columns = sheet(images)
            self._points = MapPoints(table, picture, columns, (int(images.shape[2]), int(images.shape[3])))
        run, points = self.recorder.file.runs[label], self._points
        map_files.begin(run, self.recorder.root, points.table, points.sheet, points.columns, points.cell)

    def _last(self, label: str) -> dict | None:
        """The layouts of the run's last frame."""
        run, root = self.recorder.file.runs[label], self.recorder.root
        try:
            steps = map_files.frames(run, root)
            return map_files.frame(run, steps[-1], root) if steps else None
        except LabError:
            return None


def _halved(value: float, fits: Callable[[float], bool], times: int = 3) -> float:
    """``value``, halved until it fits, at most so many times."""
    for _ in range(times):
        if fits(value):
            break
        value /= 2
    return value
