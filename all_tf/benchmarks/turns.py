"""Processes that stay alive and work in turn, so that the load of a machine slows all alike."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple, cast

from all_tf.system.progress import track


class TurnError(ValueError):
    """A child ended or wrote something else than an answer; the message has its last line."""


class Turn(NamedTuple):
    """A block of steps of one child."""

    seconds: float  # A step.
    cpu_seconds: float  # A step; of all threads of the child.


class Child:
    """A process that runs blocks of steps when it is asked to.

    Args:
        name: For messages.
        command: Starts `serve_turns`.
        environment: Variables beside those of this process.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]):
        self.name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=os.environ | environment,
        )
        self._requests = cast(IO[str], self._process.stdin)  # Pipes, so that none is None.
        self._answers = cast(IO[str], self._process.stdout)

    def run(self, steps: int) -> Turn:
        """Have it run steps, and wait until it has.

        Raises:
            TurnError: It ended before.
        """
        with contextlib.suppress(BrokenPipeError):
            self._requests.write(f"{steps}\n")
            self._requests.flush()
        line = self._answers.readline()
        try:
            return Turn(*json.loads(line))
        except (ValueError, TypeError) as error:
            self._errors.seek(0)
            last = (self._errors.read().decode(errors="replace").strip().splitlines() or [""])[-1]
            raise TurnError(f"{self.name} made no step. Its last line: {last}") from error

    def close(self) -> None:
        """End the process and wait for its end."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


@contextlib.contextmanager
def children(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]
) -> Iterator[list[Child]]:
    """Start a child for each command; all are ended afterwards."""
    with contextlib.ExitStack() as stack:
        started = [Child(name, command, environment) for name, command in commands.items()]
        for child in started:
            stack.callback(child.close)
        yield started


def take_turns(
    started: Sequence[Child], *, first_steps: int, steps: int, rounds: int
) -> tuple[dict[str, float], list[dict[str, Turn]]]:
    """Let children work in turn, each round in the opposite order of the one before.

    Args:
        started: Each is idle while another one works.
        first_steps: Of each, before the rounds; they compile and choose algorithms.
        steps: Of a child in a round.
        rounds: How many.

    Returns:
        Seconds of the first steps, imports and building included, by the child's name; and the
        turns of each round.

    Raises:
        TurnError: A child ended.
    """
    first = {}
    for child in started:
        began = time.perf_counter()
        child.run(first_steps)
        first[child.name] = time.perf_counter() - began
        line = f"{child.name}: first steps after {first[child.name]:.1f} s"
        print(line, file=sys.stderr, flush=True)
    turns = []
    for number in track(range(rounds), "measuring", rounds, unit="round"):
        order = started[:: -1 if number % 2 else 1]
        turns.append({child.name: child.run(steps) for child in order})
    return first, turns


def serve_turns(build: Callable[[], Callable[[int], None]]) -> None:
    """Build a step when the first line comes, and answer each line, a number of steps.

    The work of a child: reads standard input until it ends. What is printed meanwhile goes to
    standard error.

    Args:
        build: Returns a function that runs so many steps and waits until they are done.
    """
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        run_steps = None
        for line in sys.stdin:
            run_steps = run_steps or build()
            began, cpu = time.perf_counter(), time.process_time()
            run_steps(int(line))
            spent = time.perf_counter() - began, time.process_time() - cpu
            print(json.dumps([each / int(line) for each in spent]), file=answers, flush=True)
