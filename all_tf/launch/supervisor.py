"""One process's part of a training, run by a child that ends when another process's part has.

JAX ends a process that has lost another hard, and after a hundred seconds; an exchange between GPUs
waits for ever. So each part is a child, and the parents, which wait for nothing else, tell each
other how their children end.
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

ADDRESS = "ALL_TF_JAX_ADDRESS"  # In the environment of a child: where the children meet, by JAX.
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_TO_FINISH = 60.0  # For the others, once this one is through: all end at the same step.


class Outcome(NamedTuple):
    """How a part of a training has ended."""

    code: int  # Exit code.
    lost: str | None = None  # The part that was lost, and how, where that was the reason.


def supervise(host: ProcessInfo, command: Sequence[str]) -> Outcome:
    """Run a command as this process's part, once all processes are there.

    SIGTERM and SIGINT are passed on to it. It ends with the first part that ends too early.

    Args:
        host: This process, of at least two.
        command: Finds in the environment variable `ADDRESS` where JAX's processes meet.

    Raises:
        ConfigError: Not all processes came.
    """
    name = host.coordinator.rpartition(":")[0]
    with rendezvous(host, welcome=f"{name}:{_free_port()}") as (peers, address):
        child = subprocess.Popen(command, env={**os.environ, ADDRESS: address})
        came = _pass_signals_on(child)
        while (code := child.poll()) is None:
            lost = peers.first_lost(_SECONDS_BETWEEN_LOOKS)
            if lost is not None:
                peers.tell(lost=lost)
                end_child(child)
                return Outcome(128 + came[0]) if came else Outcome(1, lost)
        peers.tell(ended=code)
        if code == 0:
            peers.wait_for_all(_SECONDS_TO_FINISH)
        if code < 0:
            return Outcome(128 - code, describe_lost(host.index, host, describe_exit(code)))
        return Outcome(code)


def _pass_signals_on(child: subprocess.Popen) -> list[int]:
    """The list of signals that came, which grows."""
    came = []

    def pass_on(number: int, frame) -> None:
        came.append(number)
        if child.poll() is None:
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    return came


def _free_port() -> int:
    """Free a moment ago, which has to do: JAX takes no open socket."""
    with socket.create_server(("", 0)) as server:
        return server.getsockname()[1]
