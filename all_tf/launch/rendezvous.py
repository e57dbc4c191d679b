"""Connections between the parents of a training's processes, which report lost processes."""

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, wait

from all_tf.launch.cluster import ProcessInfo
from all_tf.launch.first_message import read_line, send_line, wait_for_input
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
        ConfigError: A process did not connect in time, or process 0 sent no welcome in time.
    """
    with ExitStack() as stack:
        if process.index == 0:
            index_of = _wait_for_calls(process, stack)
            for connected in index_of:
                with suppress(OSError):  # The process has ended; `first_lost` will report it.
                    send_line(connected, {"welcome": welcome})
        else:
            connected = stack.enter_context(_call(process))
            welcome = _receive_welcome(connected, process)
            index_of = {connected: 0}
        connections = {stack.enter_context(_connection(s)): k for s, k in index_of.items()}
        yield Connections(process, connections), welcome


def _wait_for_calls(process: ProcessInfo, stack: ExitStack) -> dict[socket.socket, int]:
    """Accept connections until each other process has named itself in one; drop all others."""
    listener = stack.enter_context(_listen(process.coordinator))
    deadline = time.monotonic() + _SECONDS_TO_MEET
    index_of: dict[socket.socket, int] = {}
    unnamed: dict[socket.socket, bytearray] = {}  # With what each has sent so far.
    others = ", ".join(map(str, range(1, process.count)))
    _say_that_it_waits(f"process {others} of {process.count} to connect to {process.coordinator}")
    while missing := set(range(1, process.count)) - set(index_of.values()):
        for each in wait_for_input([listener, *unnamed], deadline):
            if each is listener:
                with suppress(BlockingIOError, ConnectionError):  # It has closed meanwhile.
                    caller = stack.enter_context(listener.accept()[0])
                    caller.setblocking(False)
                    unnamed[caller] = bytearray()
            elif (index := _index_of(each, unnamed)) is not None:
                if index not in missing:
                    raise ConfigError(
                        f"Expected one process for each id from 1 to {process.count - 1}. "
                        f"Received: process_id={index}, a second time or out of this range"
                    )
                index_of[each] = index
                missing.remove(index)
        if time.monotonic() >= deadline and missing:
            raise ConfigError(
                f"Process {', '.join(map(str, sorted(missing)))} of {process.count} did not "
                f"connect to {process.coordinator} in {_SECONDS_TO_MEET:.0f} s. Start all with the "
                "same --coordinator and --num-processes, each with its own --process-id."
            )
    for stranger in unnamed:
        stranger.close()
    return index_of


def _listen(address: str) -> socket.socket:
    name, port = _split(address)
    # On its own machine another name may resolve to the loopback address.
    bound = name if name in ("127.0.0.1", "localhost") else ""
    listener = socket.create_server((bound, port))
    listener.setblocking(False)
    return listener


def _index_of(caller: socket.socket, unnamed: dict[socket.socket, bytearray]) -> int | None:
    """Read which process calls; None while that is not known, and where it is none.

    Health checks and port scans connect, too; such a connection is closed.
    """
    try:
        message = read_line(caller, unnamed[caller])
        if message is None:
            return None
        if type(index := message.get("index")) is not int:
            raise ValueError(f"no index: {message}")
    except (EOFError, OSError, ValueError):
        print("a connection that is of no process was closed", file=sys.stderr, flush=True)
        caller.close()
        index = None
    del unnamed[caller]
    return index


def _call(process: ProcessInfo) -> socket.socket:
    """Connect to process 0, which may start later."""
    deadline = time.monotonic() + _SECONDS_TO_MEET
    _say_that_it_waits(f"process 0 of {process.count} at {process.coordinator}")
    while True:
        try:
            return socket.create_connection(_split(process.coordinator), timeout=10)
        except OSError as error:
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"Process 0 cannot be reached at {process.coordinator} ({error}). Start it "
                    "there, or name another --coordinator."
                ) from error
            time.sleep(0.1)


def _receive_welcome(connected: socket.socket, process: ProcessInfo) -> str:
    """Name this process to process 0, and wait for its answer, which comes once all have called."""
    deadline = time.monotonic() + _SECONDS_TO_MEET
    elsewhere = "Name a port by --coordinator, for all processes, that nothing else uses."
    line, message = bytearray(), None
    try:
        send_line(connected, {"index": process.index})
        connected.setblocking(False)
        while message is None and wait_for_input([connected], deadline):
            message = read_line(connected, line)
    except (EOFError, OSError) as error:
        raise ConfigError(
            f"Process 0 at {process.coordinator} has ended. See its messages."
        ) from error
    except ValueError:
        message = {}  # It has no welcome, either.
    if message is None:
        raise ConfigError(
            f"Process 0 at {process.coordinator} sent no welcome in {_SECONDS_TO_MEET:.0f} s: it "
            "has all its processes already, or another program waits there. Start each process "
            f"once. {elsewhere}"
        )
    if not isinstance(welcome := message.get("welcome"), str):
        raise ConfigError(
            f"Expected the welcome of process 0 from {process.coordinator}. Received: another "
            f"message, as another program sends it. {elsewhere}"
        )
    return welcome


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
