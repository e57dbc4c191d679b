"""Connections between the parents of a training's processes, which report lost processes."""

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, wait

from all_tf.launch.cluster import ProcessInfo
from all_tf.system.checks import ConfigError
from all_tf.system.child_process import describe_exit

_SECONDS_TO_MEET = 300.0
_MOST_BYTES = 4096  # Of a message.
# A machine without power closes no connection; the kernel finds out by probes, in 25 s.
_KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Connections:
    """Connections to other parents: process 0 has one to each, every other only one to process 0.

    Args:
        process: This process.
        index_of_connection: Index of the process at the other end of each connection.
    """

    def __init__(self, process: ProcessInfo, index_of_connection: dict[Connection, int]):
        self._process = process
        self._index_of = dict(index_of_connection)

    def send_all(self, **message: object) -> None:
        """Send a message to all: `ended`, an exit code, or `lost`, which process was lost and how.

        Args:
            **message: One of the two keys, with its value.
        """
        for connection in self._index_of:
            try:
                _send(connection, message)
            except OSError:
                continue  # The connection is closed; `first_lost` will report it.

    def first_lost(self, seconds: float) -> str | None:
        """Return which process was lost, and how; None if none is lost within `seconds`.

        The connection of a process that ends with exit code 0 is dropped.
        """
        ready = set(wait(list(self._index_of), seconds))
        for connection in [each for each in self._index_of if each in ready]:
            index = self._index_of[connection]
            try:
                message = _receive(connection)
            except (EOFError, OSError, ValueError):
                return describe_lost(index, self._process, "its connection has closed")
            if "lost" in message:
                return str(message["lost"])
            if message.get("ended") != 0:
                return describe_lost(index, self._process, describe_exit(int(message["ended"])))
            del self._index_of[connection]
        return None

    def wait_for_all(self, seconds: float) -> None:
        """Wait until the other processes end; only process 0, which has all connections, waits."""
        deadline = time.monotonic() + seconds
        while self._process.index == 0 and self._index_of and time.monotonic() < deadline:
            if self.first_lost(1.0) is not None:
                return


def describe_lost(index: int, process: ProcessInfo, how: str) -> str:
    """Describe in words how a process was lost."""
    return f"process {index} of {process.count} is lost: {how}"


@contextmanager
def rendezvous(process: ProcessInfo, *, welcome: str) -> Iterator[tuple[Connections, str]]:
    """Connect the parents of all processes.

    Args:
        process: This process.
        welcome: The message that process 0 sends to all others.

    Yields:
        The connections, and the welcome of process 0.

    Raises:
        ConfigError: A process did not connect in time.
    """
    with ExitStack() as stack:
        if process.index == 0:
            connections = _wait_for_calls(process, stack)
            for connection in connections:
                _send(connection, {"welcome": welcome})
            yield Connections(process, connections), welcome
            return
        connection = stack.enter_context(_call(process))
        _send(connection, {"index": process.index})
        try:
            yield Connections(process, {connection: 0}), str(_receive(connection)["welcome"])
        except EOFError as error:
            raise ConfigError(
                f"Process 0 at {process.coordinator} has ended. See its messages."
            ) from error


def _wait_for_calls(process: ProcessInfo, stack: ExitStack) -> dict[Connection, int]:
    name, port = _split(process.coordinator)
    # On its own machine another name may resolve to the loopback address.
    bound = name if name in ("127.0.0.1", "localhost") else ""
    listener = stack.enter_context(socket.create_server((bound, port)))
    deadline = time.monotonic() + _SECONDS_TO_MEET
    index_of: dict[Connection, int] = {}
    others = ", ".join(map(str, range(1, process.count)))
    _say_that_it_waits(f"process {others} of {process.count} to connect to {process.coordinator}")
    while missing := set(range(1, process.count)) - set(index_of.values()):
        listener.settimeout(max(1e-3, deadline - time.monotonic()))
        try:
            connection = stack.enter_context(_connection(listener.accept()[0]))
        except TimeoutError as error:
            raise ConfigError(
                f"Process {', '.join(map(str, sorted(missing)))} of {process.count} did not "
                f"connect to {process.coordinator} in {_SECONDS_TO_MEET:.0f} s. Start all with the "
                "same --coordinator and --num-processes, each with its own --process-id."
            ) from error
        index = _receive(connection).get("index")
        if index not in missing:
            raise ConfigError(
                f"Expected one process for each id from 1 to {process.count - 1}. "
                f"Received: process_id={index}, a second time or out of this range"
            )
        index_of[connection] = index
    return index_of


def _call(process: ProcessInfo) -> Connection:
    """Connect to process 0, which may start later."""
    deadline = time.monotonic() + _SECONDS_TO_MEET
    _say_that_it_waits(f"process 0 of {process.count} at {process.coordinator}")
    while True:
        try:
            return _connection(socket.create_connection(_split(process.coordinator), timeout=10))
        except OSError as error:
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"Process 0 cannot be reached at {process.coordinator} ({error}). Start it "
                    "there, or name another --coordinator."
                ) from error
            time.sleep(0.1)


def _say_that_it_waits(for_whom: str) -> None:
    print(f"waiting for {for_whom}, {_SECONDS_TO_MEET:.0f} s at most", file=sys.stderr, flush=True)


def _split(address: str) -> tuple[str, int]:
    name, _, port = address.rpartition(":")
    return name, int(port)


def _connection(connected: socket.socket) -> Connection:
    connected.settimeout(None)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE.items():
        if hasattr(socket, option):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return Connection(connected.detach())


def _send(connection: Connection, message: dict) -> None:
    connection.send_bytes(json.dumps(message).encode())


def _receive(connection: Connection) -> dict:
    return json.loads(connection.recv_bytes(_MOST_BYTES))
