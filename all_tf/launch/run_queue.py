"""Trainings in a row, each in its own process: rows of the study, or folds."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.config.presets import departures
from all_tf.launch.log_follower import EpochWatch
from all_tf.launch.study_plan import can_resume, is_done
from all_tf.runs.folder import epochs_done, is_finished, read_status
from all_tf.system.child_process import failure_reason, read_tail, run_logged
from all_tf.system.locks import lock_of, locked
from all_tf.system.outputs import is_unused
from all_tf.system.progress import describe_duration
from all_tf.system.script_command import process_command
from builders.architecture_info import CATALOGUE
from tfrecords.store.manifest import read_manifest

_LEAST_SHARE_DONE = 0.05  # Of the work, before the remaining time is estimated.
_TAIL_LINES = 12
ELSEWHERE = "another process trains it, or has left its training behind"


def row_options(name: str, row: Experiment) -> list[str]:
    """Return the options of train.py for a row of the table, with the fields that differ from it.

    Args:
        name: A key of `EXPERIMENTS`.
        row: That experiment, some fields perhaps replaced.
    """
    options = ["--experiment", name]
    for key, value in departures(name, row).items():
        options += [f"--{key.replace('_', '-')}", str(value)]
    return options


def no_action(run: Path) -> None:
    """What nobody wants to do with a run while it is trained."""


@dataclass(frozen=True)
class Study:
    """The folder of a study, and what its trainings have in common."""

    folder: Path  # Holds a run for each row, and its log.
    records: Path
    trusted: bool = False  # Whether to skip the SHA-256 of the shards.
    options: Callable[[str, Experiment], list[str]] = row_options  # Options of train.py for a row.
    kind: str = "row"  # Name of one training in messages.
    on_poll: Callable[[Path], None] = no_action  # With a run, while it is trained and once after.
    held: tuple[int, ...] = ()  # File descriptors that each training inherits, as of locks.


def run_rows(rows: Mapping[str, Experiment], study: Study) -> Iterator[tuple[str, str | None]]:
    """Train the rows that are not finished yet.

    An interrupted run is resumed; one that cannot be resumed is renamed first. Several processes
    may work in one folder: a row that another one trains is left to it, and looked at once more at
    the end, as that process may have been killed.

    Args:
        rows: Experiments by name, from `choose_rows`.
        study: Its folder is created if needed, and each row locked while it is trained.

    Yields:
        After each training the name of its row, and why it failed or None; `ELSEWHERE` for a row
        that another process trains, also at the end.

    Raises:
        StudyError: A row is finished with other settings, or its folder holds something else;
            nothing was changed.
        RecordsError: There are no records.
    """
    read_manifest(study.records)
    study.folder.mkdir(parents=True, exist_ok=True)
    pace = _Pace({n: _cost(row) for n, row in rows.items() if not _is_finished_row(n, row, study)})
    title_of = {name: f"{study.kind} {k} of {len(rows)}: {name}" for k, name in enumerate(rows, 1)}
    taken = []
    for name, reason in _in_turn(rows, study, title_of, pace):
        if reason == ELSEWHERE:
            taken.append(name)
        else:
            yield name, reason
    yield from _in_turn({name: rows[name] for name in taken}, study, title_of, pace)


def _in_turn(
    rows: Mapping[str, Experiment], study: Study, title_of: Mapping[str, str], pace: "_Pace"
) -> Iterator[tuple[str, str | None]]:
    """Train each row that is neither finished nor trained by another process; yield its end."""
    for name, row in rows.items():
        try:
            with locked(study.folder, refusal=_TakenError(), name=lock_of(name)) as lock:
                if _is_finished_row(name, row, study):  # Perhaps meanwhile, by another process.
                    print(f"{title_of[name]} is finished already", flush=True)
                    pace.drop(name)
                    continue
                print(title_of[name] + pace.describe(), flush=True)
                reason = _train_row(name, row, study, lock=lock)
        except _TakenError:
            print(f"{title_of[name]}: {ELSEWHERE}", flush=True)
            yield name, ELSEWHERE
            continue
        pace.count(name)
        yield name, reason


class _TakenError(Exception):
    """Another process has the lock of a row."""


class _Pace:
    """How long the rows have taken in this process, and how much is left.

    Args:
        costs: Relative, of the rows that are not finished.
    """

    def __init__(self, costs: dict[str, float]):
        self._left = costs
        self._began = time.monotonic()
        self._spent = self._done = 0.0

    def drop(self, name: str) -> None:
        """Note that a row was finished by another process, or before."""
        self._left.pop(name, None)

    def count(self, name: str) -> None:
        """Note that a row was trained here."""
        self._done += self._left.pop(name, 0.0)
        self._spent = time.monotonic() - self._began

    def describe(self) -> str:
        """The time so far, and about how much is to go; empty before the first row."""
        if not self._done:
            return ""
        left, so_far = sum(self._left.values()), f" ({describe_duration(self._spent)} so far"
        if self._done < _LEAST_SHARE_DONE * (self._done + left):
            return f"{so_far})"
        return f"{so_far}, about {describe_duration(self._spent * left / self._done)} to go)"


def _is_finished_row(name: str, row: Experiment, study: Study) -> bool:
    return is_done(study.folder / name, row, study.records)


def _train_row(name: str, row: Experiment, study: Study, *, lock: int) -> str | None:
    """Train one row; return why it failed, or None."""
    run, log = study.folder / name, study.folder / f"{name}.log"
    command = _command(name, row, study)
    if can_resume(run, row, study.records):
        command = _resume_command(run, study)
        print(f"  resuming after epoch {epochs_done(run)}", flush=True)
    else:
        _put_aside(run)
    began = time.monotonic()
    watch = EpochWatch(log)

    def look() -> None:
        watch.update()
        study.on_poll(run)

    try:
        code = run_logged(
            command,
            log,
            on_poll=look,
            held=[lock, *study.held],
        )
    finally:
        watch.close()
    study.on_poll(run)
    duration = describe_duration(time.monotonic() - began)
    if _has_finished(run, study, code=code):
        later = f"; its process failed afterwards: {failure_reason(code, log)}" if code else ""
        print(f"  finished in {duration}{later}", flush=True)
        return None
    reason = failure_reason(code, log)
    tail = "\n".join(f"    {line}" for line in read_tail(log)[-_TAIL_LINES:])
    print(f"  failed after {duration}: {reason}\n{tail}\n  Log: {log}", flush=True)
    return reason


def _has_finished(run: Path, study: Study, *, code: int) -> bool:
    """Whether a training has left all its results, by its exit code or by its status.json.

    What fails after the last result, as the end of the process may, does not undo them.
    """
    ended_well = code == 0 or read_status(run).get("state") == "finished"
    return ended_well and is_finished(run, study.records)


def _command(name: str, row: Experiment, study: Study) -> list[str]:
    command = [*process_command("train"), *study.options(name, row)]
    command += ["--records", str(study.records), "--run-dir", str(study.folder / name)]
    return command + ["--trust-records"] * study.trusted


def _resume_command(run: Path, study: Study) -> list[str]:
    command = [*process_command("train"), "--resume", str(run)]
    command += ["--records", str(study.records)]
    return command + ["--trust-records"] * study.trusted


def _put_aside(run: Path) -> None:
    """Rename an unfinished run, if there is one; nothing that was trained is deleted."""
    if not is_unused(run):
        number = 1
        while (aside := run.with_name(f"{run.name}.unfinished-{number}")).exists():
            number += 1
        run.rename(aside)
        print(f"  an unfinished run was renamed to {aside}", flush=True)


def _cost(row: Experiment) -> float:
    """Estimate the relative cost of a row's training, within a factor of about three."""
    if row.max_minutes is not None:
        return row.max_minutes
    return row.epochs * row.image_size**2 * CATALOGUE[row.arch].parameters
