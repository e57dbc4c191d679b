"""The first message of a connection: a line of JSON, which is read as it comes, without waiting.

Anybody may connect, and send half a line or none; after it the processes trust each other.
"""

import json
import socket
import time
from collections.abc import Sequence
from multiprocessing.connection import wait

_MOST_BYTES = 512


def send_line(connected: socket.socket, message: dict) -> None:
    """Send the first message."""
    connected.sendall(json.dumps(message).encode() + b"\n")


def read_line(connected: socket.socket, line: bytearray) -> dict | None:
    """Add to a line what has come of it, and nothing of what follows it.

    Args:
        connected: It does not block.
        line: What has come before; empty at first.

    Returns:
        The message once it is whole; None until then.

    Raises:
        EOFError, OSError: The connection is closed.
        ValueError: The line is longer than 512 bytes, or no JSON object.
    """
    while not line.endswith(b"\n"):
        try:
            byte = connected.recv(1)
        except BlockingIOError:
            return None
        if not byte:
            raise EOFError("closed before the end of its first message")
        line += byte
        if len(line) > _MOST_BYTES:
            raise ValueError(f"Expected a line of {_MOST_BYTES} bytes at most")
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"Expected a JSON object. Received: {message!r}")
    return message


def wait_for_input(waiting: Sequence[socket.socket], deadline: float) -> list[socket.socket]:
    """Wait until some have something to be read; none where the deadline comes before.

    Args:
        waiting: Connections, and listeners, to which somebody may connect.
        deadline: By `time.monotonic`.
    """
    left = deadline - time.monotonic()
    ready = set(wait(waiting, left)) if left > 0 else set()
    return [each for each in waiting if each in ready]
