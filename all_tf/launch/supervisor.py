"""Supervision of a training over several processes: each trains in a child, which its parent ends.

If one process is lost, JAX ends the others without an exception after 100 s, and an exchange
between GPUs waits for ever. So each process trains in a child, and the parents send each other the
exit codes of their children.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from all_tf.launch.cluster import ProcessInfo
from all_tf.launch.rendezvous import describe_lost, rendezvous
from all_tf.system.child_process import describe_exit, end_child

ADDRESS = "ALL_TF_JAX_ADDRESS"  # Variable of the children: the address at which JAX connects them.
_SECONDS_BETWEEN_POLLS = 0.1
_SECONDS_TO_FINISH = 60.0  # For the others, once this one has ended: all end at the same step.


class Outcome(NamedTuple):
    """How the child of a process has ended."""

    code: int  # Exit code.
    lost: str | None = None  # Which process was lost, and how, if that was the reason.


def supervise(process: ProcessInfo, command: Sequence[str]) -> Outcome:
    """Run a command as a child of this process, once all processes are connected.

    The child receives SIGTERM and SIGINT too. It is ended if another process is lost.

    Args:
        process: This process, one of at least two.
        command: Program and arguments; the environment variable `ADDRESS` holds the address at
            which JAX connects the children.

    Raises:
        ConfigError: Not all processes connected.
    """
    name = process.coordinator.rpartition(":")[0]
    with rendezvous(process, welcome=f"{name}:{_free_port()}") as (peers, address):
        children: list[subprocess.Popen] = []
        received = _forward_signals(children)
        child = subprocess.Popen(command, env={**os.environ, ADDRESS: address})
        children.append(child)
        for number in received:  # Between the two lines above.
            child.send_signal(number)
        while (code := child.poll()) is None:
            lost = peers.first_lost(_SECONDS_BETWEEN_POLLS)
            if lost is not None:
                peers.send_all(lost=lost)
                end_child(child)
                return Outcome(128 + received[0]) if received else Outcome(1, lost)
        peers.send_all(ended=code)
        if code == 0:
            peers.wait_for_all(_SECONDS_TO_FINISH)
        if code < 0:
            return Outcome(128 - code, describe_lost(process.index, process, describe_exit(code)))
        return Outcome(code)


def _forward_signals(children: list[subprocess.Popen]) -> list[int]:
    """Forward SIGTERM and SIGINT to children that are in the list by then.

    Returns:
        The list to which received signals are added.
    """
    received: list[int] = []

    def forward(number: int, frame) -> None:
        received.append(number)
        for child in children:
            if child.poll() is None:
                child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, forward)
    return received


def _free_port() -> int:
    """Return a port that is free now; it may be taken later, but JAX accepts no open socket."""
    with socket.create_server(("", 0)) as server:
        return server.getsockname()[1]
