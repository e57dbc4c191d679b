"""Child processes: a command that writes a log and ends with this process, and its exit code."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

_SECONDS_BETWEEN_POLLS = 0.5
_SECONDS_TO_END = 20  # From SIGTERM until SIGKILL.


def run_logged(
    command: Sequence[str], log: Path, *, on_poll: Callable[[], None], held: Sequence[int] = ()
) -> int:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        log: The file that all output is written to; an existing one is overwritten.
        on_poll: Called about twice a second while the command runs.
        held: File descriptors that the child inherits. A lock on one of them lasts until the child
            has ended, even if this process ends first.

    Returns:
        The exit code; for a command ended by a signal, its negative number.

    Raises:
        BaseException: A signal handler or `on_poll` raised it; the child has ended by then.
    """
    log.unlink(missing_ok=True)  # Where it is a link, what that points to stays as it is.
    with log.open("xb") as file:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},  # Buffered lines reach the log late.
            pass_fds=held,
        )
    try:
        while True:
            try:
                return child.wait(_SECONDS_BETWEEN_POLLS)
            except subprocess.TimeoutExpired:
                on_poll()
    finally:
        if child.poll() is None:
            end_child(child)


def end_child(child: subprocess.Popen) -> None:
    """Terminate a child, and kill it if it does not end within 20 s.

    This process ignores SIGINT and SIGTERM from here on: a second one must not leave the child
    running.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    child.terminate()
    try:
        child.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def failure_reason(code: int, log: Path) -> str:
    """Return why a command failed: its last line "error: ...", or its exit code and last line."""
    lines = [line.strip() for line in read_tail(log) if line.strip()]
    for line in reversed(lines):
        if line.startswith("error: "):
            return line.removeprefix("error: ")
    end = describe_exit(code)
    return f"{end}: {lines[-1]}" if lines else end


def describe_exit(code: int) -> str:
    """Describe an exit code in words; a negative one is the number of a signal."""
    if code >= 0:
        return f"exit code {code}"
    cause = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
    return f"ended by {signal.Signals(-code).name}{cause}"


def read_tail(log: Path, *, num_bytes: int = 8192) -> list[str]:
    """Read the last lines of a log that may still grow; the first one may be cut at its start.

    A log that somebody has removed has no lines.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - num_bytes))
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
