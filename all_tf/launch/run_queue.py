"""Trainings one after another, each in a process of its own: rows of the study, or folds."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.config.presets import departures
from all_tf.launch.log_follower import EpochWatch
from all_tf.launch.study_plan import StudyError, can_go_on, is_done
from all_tf.runs.folder import epochs_done, is_finished
from all_tf.system.child_process import failure_reason, read_tail, run_logged
from all_tf.system.locks import locked
from all_tf.system.progress import describe_duration
from builders.architecture_info import CATALOGUE
from tfrecords.store.manifest import read_manifest

_SHARE_TO_JUDGE_BY = 0.05  # Of the work, before what lies ahead is estimated.
_TAIL_LINES = 12


def row_options(name: str, row: Experiment) -> list[str]:
    """How train.py is asked for a row of the table, with what departs from it."""
    options = ["--experiment", name]
    for key, value in departures(name, row).items():
        options += [f"--{key.replace('_', '-')}", str(value)]
    return options


@dataclass(frozen=True)
class Study:
    """Where a study is, and what it trains with."""

    folder: Path  # A run for each row, its log beside it.
    records: Path
    train: Path  # The command: scripts/train.py.
    trusted: bool = False  # As `load_cells` takes it.
    options: Callable[[str, Experiment], list[str]] = row_options  # That ask for a row.
    kind: str = "row"  # What the screen calls one.


def run_rows(rows: Mapping[str, Experiment], study: Study) -> Iterator[tuple[str, str | None]]:
    """Train the rows that are not finished yet.

    One that was interrupted goes on where it was; what cannot go on is put aside first.

    Args:
        rows: As `choose_rows` gives them.
        study: Its folder is made if need be, and is nobody else's meanwhile.

    Yields:
        After each training the name of its row, and why it failed; None if it did not.

    Raises:
        StudyError: A row is finished with other settings, its place is taken by something else, or
            another process is at work in the folder; nothing was changed.
        RecordsError: There are no records.
    """
    read_manifest(study.records)
    study.folder.mkdir(parents=True, exist_ok=True)
    refusal = StudyError(
        f"Another process is at work in {study.folder}, or a training has outlived one. "
        "Wait for it, or name another folder."
    )
    with locked(study.folder, refusal=refusal) as lock:
        finished = {
            name for name, row in rows.items() if is_done(study.folder / name, row, study.records)
        }
        began, spent, done = time.monotonic(), 0.0, 0.0
        left = sum(_cost(row) for name, row in rows.items() if name not in finished)
        for number, (name, row) in enumerate(rows.items(), 1):
            title = f"{study.kind} {number} of {len(rows)}: {name}"
            if name in finished:
                print(f"{title} is finished already", flush=True)
                continue
            print(title + _describe_time(spent, done=done, left=left), flush=True)
            yield name, _train_row(name, row, study, lock=lock)
            spent, done, left = time.monotonic() - began, done + _cost(row), left - _cost(row)


def _train_row(name: str, row: Experiment, study: Study, *, lock: int) -> str | None:
    """Train one row; why it failed, None if it did not."""
    run, log = study.folder / name, study.folder / f"{name}.log"
    command = _command(name, row, study)
    if can_go_on(run, row, study.records):
        command = _resume_command(run, study)
        print(f"  going on after epoch {epochs_done(run)}", flush=True)
    else:
        _put_aside(run)
    began = time.monotonic()
    watch = EpochWatch(log)
    try:
        code = run_logged(command, log, on_poll=watch.update, held=[lock])
    finally:
        watch.close()
    duration = describe_duration(time.monotonic() - began)
    if code == 0 and is_finished(run, study.records):
        print(f"  finished in {duration}", flush=True)
        return None
    reason = failure_reason(code, log)
    tail = "\n".join(f"    {line}" for line in read_tail(log)[-_TAIL_LINES:])
    print(f"  failed after {duration}: {reason}\n{tail}\n  Log: {log}", flush=True)
    return reason


def _command(name: str, row: Experiment, study: Study) -> list[str]:
    command = [sys.executable, str(study.train), *study.options(name, row)]
    command += ["--records", str(study.records), "--run-dir", str(study.folder / name)]
    return command + ["--trust-records"] * study.trusted


def _resume_command(run: Path, study: Study) -> list[str]:
    command = [sys.executable, str(study.train), "--resume", str(run)]
    command += ["--records", str(study.records)]
    return command + ["--trust-records"] * study.trusted


def _put_aside(run: Path) -> None:
    """Free the place of an unfinished run; nobody's hours of training are deleted."""
    if run.exists() and any(run.iterdir()):
        number = 1
        while (aside := run.with_name(f"{run.name}.unfinished-{number}")).exists():
            number += 1
        run.rename(aside)
        print(f"  an unfinished run was put aside: {aside}", flush=True)


def _cost(row: Experiment) -> float:
    """What a row's training costs beside another's, within a factor of about three."""
    return row.epochs * row.image_size**2 * CATALOGUE[row.arch].parameters


def _describe_time(spent: float, *, done: float, left: float) -> str:
    if not done:
        return ""
    so_far = f" ({describe_duration(spent)} so far"
    if done < _SHARE_TO_JUDGE_BY * (done + left):
        return f"{so_far})"
    return f"{so_far}, about {describe_duration(spent * left / done)} to go)"
