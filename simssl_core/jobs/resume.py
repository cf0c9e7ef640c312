"""Building a race, and putting it back to its last checkpoint with everything recorded after it out of the way."""

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
    """Load the data and build the race, on the device and with the threads that ``config`` asks for; writes nothing.

    Raises:
        ConfigError, DataError: it cannot be built.
    """
    device = pick(config.train.device)
    configure_threads(config.train.threads)
    return Race(config, catalog.load(config.data, device), device)


def restore_race(race: Race, recorder: Recorder) -> None:
    """Restore ``race`` from the newest step that its members share, and cut curves and maps off there.

    A member that failed before the others went on stays out; where all stand at one step, all start again from it.
    Where nothing was saved yet, the race starts from the beginning.

    Raises:
        CheckpointError: a checkpoint is damaged or does not fit.
    """
    _drop_failed(race, recorder)
    where = {label: recorder.folder(label) for label in race.live}
    step = checkpoints.rewind(where.values())
    if step is None and any(checkpoints.state_steps(folder) for folder in where.values()):
        raise CheckpointError(
            f"'{recorder.file.race}' cannot be resumed: there is no step of which all members' states are whole. "
            "Start a new race."
        )
    if step is not None:
        race.restore({label: checkpoints.read_state(folder, step) for label, folder in where.items()})
    for label, folder in where.items():
        if (folder / RECORD).exists():
            record = read_run(folder)
            recorder.records[label] = record
            if record.score_step is not None and record.score_step <= race.step:
                recorder.scores[label] = dict(record.scores)
                recorder.score_steps[label] = record.score_step
        recorder.store.update_run(recorder.file.runs[label], status=None, reason=None)
        _cut(recorder, label, race.step)


def _drop_failed(race: Race, recorder: Recorder) -> None:
    failed = {}
    for label in race.members:
        folder = recorder.folder(label)
        if (folder / RECORD).exists() and (record := read_run(folder)).status == "failed":
            failed[label] = record.reason or "it had failed before the race was resumed"
    others = [recorder.folder(label) for label in race.members if label not in failed]
    everyone = checkpoints.common_step(recorder.folder(label) for label in race.members)
    if others and everyone != checkpoints.common_step(others):
        for label, reason in failed.items():
            race.drop(label, reason)
            recorder.left(label)


def _cut(recorder: Recorder, label: str, step: int) -> None:
    """Forget what the run recorded after ``step``; what it recorded before is in store and folder alike."""
    run, folder, store = recorder.file.runs[label], recorder.folder(label), recorder.store
    known = {(row[0], row[2]): row for row in history.read(folder)} | {
        (row[0], row[2]): row for row in store.history(run)
    }
    kept = [known[key] for key in sorted(known) if key[0] <= step]
    store.truncate(run, step)
    store.add_metrics((run, *row) for row in kept)
    if folder.is_dir():
        history.rewrite(folder, kept)
    map_files.drop_after(run, recorder.root, step)
