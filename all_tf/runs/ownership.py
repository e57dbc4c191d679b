"""A run's folder while a process works in it: nobody else's, and its status always true."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from all_tf.runs.folder import (
    CONFIG_FILE,
    METRICS_FILE,
    RunError,
    epochs_done,
    read_status,
    resume_command,
    write_status,
)
from all_tf.system.locks import LOCK_FILE, locked

_LEFTOVERS = {LOCK_FILE, f".partial-{CONFIG_FILE}"}  # Of a process that died before its run began.


def own_run(run: Path) -> AbstractContextManager:
    """Hold a run's folder.

    Raises:
        RunError: Another process does.
    """
    refusal = RunError(
        f"{run} is in use by another process. Wait until that has ended, or name another folder."
    )
    return locked(run, refusal=refusal)


def require_empty(run: Path) -> None:
    """Let nothing but a new or an empty folder pass.

    Raises:
        RunError: There is something in it.
    """
    if run.exists() and {path.name for path in run.iterdir()} - _LEFTOVERS:
        raise RunError(
            f"{run} is not empty, and no run overwrites another. Name another --run-dir, or go on "
            f"with the run that is there: {resume_command(run)}"
        )


def require_unfinished(run: Path) -> None:
    """Let only a run pass that has something left to do.

    Raises:
        RunError: It has not.
    """
    state = read_status(run).get("state")
    if state == "finished" or (state is None and (run / METRICS_FILE).is_file()):
        raise RunError(f"{run} is finished: there is nothing to resume. Start a new run.")


@contextmanager
def record_status(run: Path) -> Iterator[None]:
    """Keep status.json: running, and then how it ended; a SIGKILL leaves "running"."""
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
