"""A command in a process of its own, that writes a log and ends when this process is told to."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_TO_END = 20  # That a child is given before it is killed.


def run_logged(
    command: Sequence[str], log: Path, *, look: Callable[[], None], held: Sequence[int] = ()
) -> int:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        log: Takes all that it prints; written over.
        look: Called about twice a second meanwhile.
        held: Open files that the child shares. A lock among them lasts as long as the child, even
            where that outlives this process.

    Returns:
        The exit code; the negative number of a signal that ended it.

    Raises:
        BaseException: What a signal handler or `look` raises; the child has ended by then.
    """
    with log.open("wb") as file:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},  # Else the log lags behind.
            pass_fds=held,
        )
    try:
        while True:
            try:
                return child.wait(_SECONDS_BETWEEN_LOOKS)
            except subprocess.TimeoutExpired:
                look()
    finally:
        if child.poll() is None:
            end_child(child)


def end_child(child: subprocess.Popen) -> None:
    """Let a child end itself, and kill it where it does not; signals are ignored from here on."""
    for number in (signal.SIGINT, signal.SIGTERM):  # A second one must not leave the child behind.
        signal.signal(number, signal.SIG_IGN)
    child.terminate()
    try:
        child.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def failure_reason(code: int, log: Path) -> str:
    """Why a command failed: its last line "error: ...", else its last line and how it ended."""
    lines = [line.strip() for line in read_tail(log) if line.strip()]
    for line in reversed(lines):
        if line.startswith("error: "):
            return line.removeprefix("error: ")
    end = describe_exit(code)
    return f"{end}: {lines[-1]}" if lines else end


def describe_exit(code: int) -> str:
    """An exit code, or the signal that its negative number stands for, in words."""
    if code >= 0:
        return f"exit code {code}"
    want = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
    return f"ended by {signal.Signals(-code).name}{want}"


def read_tail(log: Path, *, num_bytes: int = 8192) -> list[str]:
    """The last lines of a log that may be growing; the first of them may lack its beginning."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - num_bytes))
        return file.read().decode("utf-8", "replace").splitlines()
