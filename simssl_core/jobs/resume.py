"""Builds a race, and restores it from its last checkpoint, removing what was recorded after it."""

from __future__ import annotations

from simssl_core.config import RunConfig
from simssl_core.data import catalog
from simssl_core.errors import CheckpointError
from simssl_core.jobs.recorder import Recorder
from simssl_core.runtime.devices import configure_threads, pick
from simssl_core.storage import checkpoints, history, map_files
from simssl_core.storage.run_record import RECORD, read_run
from simssl_core.training.loop import Race


def build(config: RunConfig) -> Race:
    """Load the data and build the race on the device and with the CPU threads of ``config``; writes nothing.

    Raises:
        ConfigError, DataError: the race cannot be built.
    """
    device = pick(config.train.device)
    configure_threads(config.train.threads)
    return Race(config, catalog.load(config.data, device), device)


def restore_race(race: Race, recorder: Recorder) -> None:
    """Restore ``race`` from the newest step that its members share, and cut curves and maps off at that step.

    A failed member stays out if the others trained on without it; if all members share a step, all restart from it. If
    nothing was saved yet, the race starts from the beginning.

    Raises:
        CheckpointError: a checkpoint is damaged or does not fit.
    """
    _drop_failed(race, recorder)
    folders = {label: recorder.folder(label) for label in race.live}
    step = checkpoints.rewind(folders.values())
    if step is None and any(checkpoints.state_steps(folder) for folder in folders.values()):
        raise CheckpointError(
            f"'{recorder.file.race}' cannot be resumed: there is no step for which every member has a complete state. "
            "Start a new race."
        )
    if step is not None:
        race.restore({label: checkpoints.read_state(folder, step) for label, folder in folders.items()})
    for label, folder in folders.items():
        if (folder / RECORD).exists():
            record = read_run(folder)
            recorder.records[label] = record
            if record.score_step is not None and record.score_step <= race.step:
                recorder.scores[label] = dict(record.scores)
                recorder.score_steps[label] = record.score_step
        recorder.store.update_run(recorder.file.runs[label], status=None, reason=None)
        _cut(recorder, label, race.step)


def _drop_failed(race: Race, recorder: Recorder) -> None:
    """Drop the failed members, unless all members failed or all share the step from which the others restart."""
    folders = {label: recorder.folder(label) for label in race.members}
    failed = {}
    for label, folder in folders.items():
        if not (folder / RECORD).exists():
            continue
        record = read_run(folder)
        if record.status == "failed":
            failed[label] = record.reason or "it had failed before the race was resumed"
    others = [folder for label, folder in folders.items() if label not in failed]
    if others and checkpoints.common_step(folders.values()) != checkpoints.common_step(others):
        for label, reason in failed.items():
            race.drop(label, reason)
            recorder.skip_failed(label)


def _cut(recorder: Recorder, label: str, step: int) -> None:
    """Remove what the run recorded after ``step``; make store and folder hold the same values up to there."""
    run, folder, store = recorder.file.runs[label], recorder.folder(label), recorder.store
    rows = {(row[0], row[2]): row for row in (*history.read(folder), *store.history(run))}  # by step and metric
    earlier = [rows[key] for key in sorted(rows) if key[0] <= step]
    store.truncate(run, step)
    store.add_metrics((run, *row) for row in earlier)
    if folder.is_dir():
        history.rewrite(folder, earlier)
    map_files.drop_after(run, recorder.root, step)
