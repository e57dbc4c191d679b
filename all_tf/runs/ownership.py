"""Ownership of a run's folder: one process at a time, with an up-to-date status.json."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from all_tf.runs.folder import (
    EVENTS_FOLDER,
    METRICS_FILE,
    RunError,
    epochs_done,
    read_status,
    refuse_links,
    resume_command,
    write_status,
)
from all_tf.system.locks import locked
from all_tf.system.outputs import is_unused
from all_tf.system.script_command import script_command
from tfrecords.store.files import PARTIAL_PREFIX, remove_partial_files


@contextmanager
def own_run(run: Path) -> Iterator[None]:
    """Hold the lock of a run's folder, and remove files that a killed process had begun to write.

    Raises:
        RunError: Another process holds the lock, or something in the folder is a symbolic link.
    """
    refusal = RunError(
        f"{run} is in use by another process. Wait until that has ended, or name another folder."
    )
    with locked(run, refusal=refusal):
        refuse_links(run, files=True)
        remove_partial_files(run)
        for leftover in (run / EVENTS_FOLDER).rglob(f"{PARTIAL_PREFIX}*"):
            leftover.unlink(missing_ok=True)
        yield


def require_empty(run: Path) -> None:
    """Raise unless a folder is new or empty (`is_unused`).

    Raises:
        RunError: The folder holds files.
    """
    if not is_unused(run):
        raise RunError(
            f"{run} is not empty, and no run overwrites another. Name another --run-dir, or go on "
            f"with the run that is there: {resume_command(run)}"
        )


def require_unfinished(run: Path) -> None:
    """Raise unless a run is unfinished.

    Raises:
        RunError: The run is finished.
    """
    state = read_status(run).get("state")
    if state == "finished" or (state is None and (run / METRICS_FILE).is_file()):
        longer = script_command("train.py", "--resume", run, "--epochs", "N")
        raise RunError(
            f"{run} is finished: there is nothing to resume. Start a new run, or one that goes on "
            f"with it to more epochs: {longer}"
        )


@contextmanager
def record_status(run: Path) -> Iterator[None]:
    """Keep status.json: "running", then how the block ended; SIGKILL leaves "running"."""
    write_status(run, "running", epochs_done=epochs_done(run))
    try:
        yield
    except KeyboardInterrupt:
        message = f"Go on with: {resume_command(run)}"
        write_status(run, "interrupted", epochs_done=epochs_done(run), message=message)
        raise
    except BaseException as error:
        more = {"images": error.images} if hasattr(error, "images") else {}
        message = f"{type(error).__name__}: {error}"
        write_status(run, "failed", epochs_done=epochs_done(run), message=message, **more)
        raise
    write_status(run, "finished", epochs_done=epochs_done(run))
