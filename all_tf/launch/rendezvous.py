"""Connections between the parents of a training's processes: who is there, and who is lost."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, wait

from all_tf.launch.cluster import ProcessInfo
from all_tf.system.checks import ConfigError
from all_tf.system.child_process import describe_exit

_SECONDS_TO_MEET = 300.0
_MOST_BYTES = 4096  # Of a message.
# A machine without power closes no connection: it is asked after so many silent seconds, so often.
_KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Connections:
    """The other parents: for that of process 0 all of them, for each other one that of process 0.

    Args:
        host: This process.
        index_of_connection: The process at the other end of each.
    """

    def __init__(self, host: ProcessInfo, index_of_connection: dict[Connection, int]):
        self._host = host
        self._index_of = dict(index_of_connection)

    def tell(self, **message: object) -> None:
        """Send `ended`, an exit code, or `lost`, which part and how, to all who are there."""
        for connection in self._index_of:
            try:
                _send(connection, message)
            except OSError:
                continue  # Gone; `first_lost` will see it.

    def first_lost(self, seconds: float) -> str | None:
        """Which part has ended as it should not have, and how; None if none does within `seconds`.

        One that has come to its end is no longer waited for.
        """
        ready = set(wait(list(self._index_of), seconds))
        for connection in [each for each in self._index_of if each in ready]:
            index = self._index_of[connection]
            try:
                message = _receive(connection)
            except (EOFError, OSError, ValueError):
                return describe_lost(index, self._host, "its connection has closed")
            if "lost" in message:
                return str(message["lost"])
            if message.get("ended") != 0:
                return describe_lost(index, self._host, describe_exit(int(message["ended"])))
            del self._index_of[connection]
        return None

    def wait_for_all(self, seconds: float) -> None:
        """If this is process 0, on which all connections hang, let the others end too."""
        deadline = time.monotonic() + seconds
        while self._host.index == 0 and self._index_of and time.monotonic() < deadline:
            if self.first_lost(1.0) is not None:
                return


def describe_lost(index: int, host: ProcessInfo, how: str) -> str:
    """A part that has ended too early, in words."""
    return f"process {index} of {host.count} is lost: {how}"


@contextmanager
def rendezvous(host: ProcessInfo, *, welcome: str) -> Iterator[tuple[Connections, str]]:
    """Wait until all parents are there.

    Args:
        host: This process.
        welcome: What process 0 lets all others know.

    Yields:
        The other parents, and the welcome of process 0.

    Raises:
        ConfigError: Somebody did not come.
    """
    with ExitStack() as stack:
        if host.index == 0:
            connections = _wait_for_calls(host, stack)
            for connection in connections:
                _send(connection, {"welcome": welcome})
            yield Connections(host, connections), welcome
            return
        connection = stack.enter_context(_call(host))
        _send(connection, {"index": host.index})
        try:
            yield Connections(host, {connection: 0}), str(_receive(connection)["welcome"])
        except EOFError as error:
            raise ConfigError(
                f"Process 0 at {host.coordinator} has ended. See what it says."
            ) from error


def _wait_for_calls(host: ProcessInfo, stack: ExitStack) -> dict[Connection, int]:
    name, port = _split(host.coordinator)
    # Another name may be a loopback's on its own machine.
    bound = name if name in ("127.0.0.1", "localhost") else ""
    listener = stack.enter_context(socket.create_server((bound, port)))
    deadline = time.monotonic() + _SECONDS_TO_MEET
    index_of: dict[Connection, int] = {}
    while missing := set(range(1, host.count)) - set(index_of.values()):
        listener.settimeout(max(1e-3, deadline - time.monotonic()))
        try:
            connection = stack.enter_context(_connection(listener.accept()[0]))
        except TimeoutError as error:
            raise ConfigError(
                f"Process {', '.join(map(str, sorted(missing)))} of {host.count} did not come to "
                f"{host.coordinator} in {_SECONDS_TO_MEET:.0f} s. Start all with the same "
                "--coordinator and --num-processes, each with its own --process-id."
            ) from error
        index = _receive(connection).get("index")
        if index not in missing:
            raise ConfigError(
                f"Expected one process for each id from 1 to {host.count - 1}. "
                f"Received: process_id={index}, for the second time or beyond them"
            )
        index_of[connection] = index
    return index_of


def _call(host: ProcessInfo) -> Connection:
    """Reach process 0, which may start later."""
    deadline = time.monotonic() + _SECONDS_TO_MEET
    while True:
        try:
            return _connection(socket.create_connection(_split(host.coordinator), timeout=10))
        except OSError as error:
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"Process 0 is not to be reached at {host.coordinator} ({error}). Start it "
                    "there, or name another --coordinator."
                ) from error
            time.sleep(0.1)


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
