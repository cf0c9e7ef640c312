"""Live evaluation during training: decides which member is measured, when and on how many images.

A measurement costs time of the trainer (encoding some thousand images) and of the evaluator (probes, UMAP). Their sum
stays within a share of the training time: ``(trainer + evaluator) / training time <= probe_share``. All features are
encoded at one step, so a result belongs to that step even if it arrives later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from simssl_core.errors import LabError
from simssl_core.jobs.evaluator import Evaluator
from simssl_core.jobs.messages import Job, Layouts, Result
from simssl_core.jobs.recorder import Recorder
from simssl_core.storage import evaluation_file, map_files, paths
from simssl_core.storage.run_record import weights_id

if TYPE_CHECKING:
    import pandas as pd

    from simssl_core.data.probe_set import Plan
    from simssl_core.evaluation.features import ProbeViews
    from simssl_core.training.loop import Race

FIRST_SECONDS, FIRST_STEP = 2.0, 20  # no measurement before this training time or this step, whichever comes first
CREDIT_SECONDS = 40.0  # the share of this much training time may be spent in advance, so that pages soon show scores
ENCODE_SECONDS = 2.0  # one measurement should hold up the trainer for at most this long
UMAP_SECONDS = 0.5  # estimated evaluator time for each frame that waits for UMAP to be compiled
FINAL_SECONDS = 12.0  # encoding for the final measurement of one member should take at most this long
FINAL_IMAGES = 2_000
SLOW = 300.0  # seconds that encoding may take on a slow machine before the race counts as stalled


@dataclass(frozen=True)
class SentJob:
    """The job that the evaluator is working on, what encoding cost, and the race's training time when it was sent."""

    job: Job
    encoding_seconds: float
    race_seconds: float


@dataclass(frozen=True)
class DrawnViews:
    """A plan and the views drawn for it."""

    plan: Plan
    views: ProbeViews


@dataclass(frozen=True)
class MapPoints:
    """The points of a race's map: their table, and a WebP sheet of their images, each row ``columns`` cells wide.

    ``cell`` is the (height, width) of one image in pixels.
    """

    table: pd.DataFrame
    sheet: bytes
    columns: int
    cell: tuple[int, int]


class LiveEvaluation:
    """Measures the members of a race in turn, one at a time.

    Attributes:
        blocked: seconds for which measurements held up the trainer.
        cpu: CPU seconds of the evaluator; ``mapping`` is the part spent on maps.
        evaluator: the evaluator process; None once the training goes without one.
        plan: how much a measurement during the training covers.

    The final measurements count towards none of the times.
    """

    def __init__(self, race: Race, recorder: Recorder) -> None:
        self.race, self.recorder = race, recorder
        self.blocked, self.cpu, self.mapping = 0.0, 0.0, 0.0
        self._owed = 0  # frames whose UMAP layout the evaluator has still to compute
        self._cost: dict[str, float] = {}  # seconds of each member's last measurement
        self._count: dict[str, int] = dict.fromkeys(race.members, 0)
        self._sent: SentJob | None = None
        self._drawn: DrawnViews | None = None
        self._points: MapPoints | None = None
        self._restarts = 1  # how often a dead evaluator may still be replaced
        self._elapsed_at_start = race.elapsed
        self._mapped: set[str] = set()  # members whose last layouts the present evaluator has
        self.evaluator: Evaluator | None = Evaluator()
        self._rate = self._encoding_rate()  # images/s
        self.plan = self._training_plan()

    # -- schedule -------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Call this between two steps: receives a result, and starts a measurement if one is due and affordable."""
        self._receive()
        if self.evaluator is None or self._sent is not None or not self.race.live:
            return
        label = min(self.race.live, key=lambda name: self._count[name])
        if self._due() and self._affordable(label):
            self.measure(label)

    def tick_results(self) -> None:
        """Receive a result without starting a measurement (while the race is paused)."""
        self._receive()

    @property
    def trained(self) -> float:
        """Seconds of training since this process began."""
        return self.race.elapsed - self._elapsed_at_start

    @property
    def spent(self) -> float:
        """Seconds of trainer and evaluator that measurements have used so far."""
        return self.blocked + self.cpu

    def _due(self) -> bool:
        return self.trained >= FIRST_SECONDS or self.race.step >= FIRST_STEP

    def _affordable(self, label: str) -> bool:
        """Whether the time spent and owed, with one more measurement of this member, stays within the share."""
        share = self.race.config.train.probe_share
        if share <= 0:
            return False
        expected = self._cost.get(label) or max(self._cost.values(), default=0.0)
        total = self.race.elapsed / max(self.race.done, 1e-6)  # the expected training time of the whole race
        needed = self.spent + self._owed * UMAP_SECONDS + expected
        return needed <= share * max(self.trained, min(CREDIT_SECONDS, total / 2))

    # -- measurements ---------------------------------------------------------------------------------------------

    def measure(self, label: str, full: bool = False) -> None:
        """Encode images with the member and send the features to the evaluator; ``full`` takes the final plan."""
        from simssl_core.evaluation.measurement import encode
        from simssl_core.training.member import measuring

        self.recorder.beat(self.race, force=True, patience=SLOW)
        started = time.perf_counter()
        plan = self._final_plan() if full else self.plan
        views = self._views(plan)
        encoding_started = time.perf_counter()
        with measuring(self.race.members[label]) as objective:
            encodings = encode(objective, self.race.dataset, self.race.view_maker, plan, views)
        encoding_seconds = time.perf_counter() - encoding_started
        if not (map_files.folder(self.recorder.file.runs[label], self.recorder.root) / map_files.INFO).exists():
            self._begin_map(label)
        previous = None if label in self._mapped else self._last_layouts(label)
        job = Job(label, self.race.step, encodings, previous)
        self._mapped.add(label)
        self._count[label] += 1
        blocked = time.perf_counter() - started
        self.blocked += 0.0 if full else blocked
        # without the time to draw views and map points: that happens once and does not predict the next measurement
        self._sent = SentJob(job, encoding_seconds, self.race.elapsed)
        self.evaluator.submit(job)

    def final(self) -> Iterator[str]:
        """Measure every member in full, one after the other; yields the member's label repeatedly while it waits."""
        while self._sent is not None and self.evaluator is not None:
            self._receive()
            yield self._sent.job.label if self._sent else ""
            time.sleep(0.02)
        for label in list(self.race.live):
            if self.evaluator is None:
                return
            yield label
            for _ in range(2):  # a second time if the evaluator dies during the first
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
            self._record(result)
        elif self.evaluator.dead:
            self._restart()

    def _record(self, result: Result) -> None:
        """Record the scores, map frames and events of a result, and what it cost."""
        started = time.perf_counter()
        sent, self._sent = self._sent, None
        full, measurement = sent.job.encodings.full, result.measurement
        self._cost[result.label] = sent.encoding_seconds + result.cpu
        self._owed = result.owed
        if not full:
            self.cpu += result.cpu
            self.mapping += result.mapping
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
            text = f"UMAP is ready; compiling it took {result.compiled:.0f} s of another core"
            self.recorder.event("evaluator", text, step=result.step, compiled=result.compiled)
        self.blocked += 0.0 if full else time.perf_counter() - started
        self._record_shares(result.label)

    def _record_shares(self, label: str) -> None:
        """Record how much of the training time measurements have used."""
        elapsed = max(self.trained, 1e-9)
        shares = {
            "probe_share": self.spent / elapsed,
            "probe_share_trainer": self.blocked / elapsed,
            "probe_share_evaluator": self.cpu / elapsed,
            "probe_share_map": self.mapping / elapsed,
        }
        self.recorder.numbers(label, self.race.step, self.race.elapsed, shares)

    def _save_evaluation(self, run: str, result: Result) -> None:
        """Save the full measurement (without layers) with the run. The weights of this step must be saved already."""
        folder = paths.run_folder(self.recorder.root, run)
        try:
            findings = evaluation_file.as_findings(result.measurement, weights_id(folder), result.step)
            evaluation_file.write(folder, findings)
        except (LabError, OSError) as error:
            self.recorder.event(
                "evaluator", f"{evaluation_file.FILE} was not written: {error}", result.label, result.step
            )

    def _restart(self) -> None:
        """Replace an evaluator that died; if it was replaced before, continue without one."""
        self.evaluator.close()
        self._sent, self._mapped = None, set()
        if self._restarts > 0:
            self._restarts -= 1
            self.evaluator = Evaluator()
            text = "The evaluator (probes and map) ended unexpectedly and was started again; the training continued."
        else:
            self.evaluator = None
            text = "The evaluator ended again; the training continues without probes and map."
        self.recorder.event("evaluator", text, step=self.race.step)

    # -- plans and views ------------------------------------------------------------------------------------------

    def _training_plan(self) -> Plan:
        """The plan of the measurements during the training: the saved one, or a new one, which is saved.

        For a slow model the numbers of images are divided by 2, 4 or 8: steps so coarse that small differences in
        measured speed rarely change the plan.
        """
        from simssl_core.data.probe_set import Plan

        saved = self.recorder.file.plan
        if saved:
            return Plan(**saved)
        train, usual = self.race.config.train, Plan()
        images = 2 * train.probe_images + usual.share_data * usual.share_views + usual.clouds * usual.cloud_views
        scale = _halved(1.0, lambda part: part * images / self._rate <= ENCODE_SECONDS)
        plan = Plan(
            probe_images=max(200, int(scale * train.probe_images)),
            map_points=max(200, int(scale * train.map_points)),
            clouds=16 if scale > 0.25 else 8,
            cloud_views=16 if scale > 0.25 else 8,
            share_data=int(scale * usual.share_data),
        )
        self.recorder.file.plan = {name: value for name, value in asdict(plan).items() if name != "full"}
        self.recorder.file.save(self.recorder.root)
        return plan

    def _encoding_rate(self) -> float:
        """Images/s that the first member encodes: the fastest of three trials on up to 64 images."""
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
        """The plan of the full measurement at the end: ``FINAL_IMAGES`` probe images, or fewer for a slow model."""
        scale = _halved(1.0, lambda part: 3 * part * FINAL_IMAGES / self._rate <= FINAL_SECONDS)
        return replace(self.plan, probe_images=max(self.plan.probe_images, int(scale * FINAL_IMAGES)), full=True)

    def _views(self, plan: Plan) -> ProbeViews:
        """The views that the plan needs, drawn once for all members and frames."""
        from simssl_core.evaluation.features import draw

        if self._drawn is None or self._drawn.plan != plan:
            self._drawn = DrawnViews(plan, draw(self.race.dataset, self.race.view_maker, plan))
        return self._drawn.views

    def _begin_map(self, label: str) -> None:
        """Save the map's points and their images, which all frames of this run share."""
        from simssl_core.latent.map_points import map_points, sheet

        if self._points is None:
            table, images = map_points(self.race.dataset, self.race.view_maker, self.plan)
            webp, columns = sheet(images)
            self._points = MapPoints(table, webp, columns, (int(images.shape[2]), int(images.shape[3])))
        run, points = self.recorder.file.runs[label], self._points
        map_files.begin(run, self.recorder.root, points.table, points.sheet, points.columns, points.cell)

    def _last_layouts(self, label: str) -> Layouts | None:
        """The layouts of the run's last saved frame; None if there is none or it cannot be read."""
        run, root = self.recorder.file.runs[label], self.recorder.root
        try:
            steps = map_files.frames(run, root)
            return map_files.frame(run, steps[-1], root) if steps else None
        except LabError:
            return None


def _halved(value: float, fits: Callable[[float], bool], times: int = 3) -> float:
    """``value``, halved until it fits, but at most ``times`` times."""
    for _ in range(times):
        if fits(value):
            break
        value /= 2
    return value
