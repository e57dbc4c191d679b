"""A first message is read as it comes, by itself, and what is none is refused."""

import socket
import time
from collections.abc import Iterator

import pytest

from all_tf.launch.first_message import read_line, send_line, wait_for_input


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection; the second does not block."""
    near, far = socket.socketpair()
    with near, far:
        far.setblocking(False)
        yield near, far


def test_message_that_comes_in_parts_is_whole_at_its_end_and_what_follows_is_left(ends):
    near, far = ends
    line = bytearray()
    for part in (b"", b'{"ind', b'ex": 1}'):
        near.sendall(part)
        assert read_line(far, line) is None
    near.sendall(b"\nnext")
    assert read_line(far, line) == {"index": 1} and far.recv(9) == b"next"
    send_line(near, {"welcome": "a:1"})
    assert read_line(far, bytearray()) == {"welcome": "a:1"}


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\n", b"\xff\n", b"7\n", b"\n", b" " * 513, b"[" * 511 + b"\n"]
)
def test_what_is_no_message_is_refused(sent, ends):
    near, far = ends
    near.sendall(sent)
    with pytest.raises(ValueError):
        read_line(far, bytearray())


@pytest.mark.parametrize("sent", [b"", b'{"index"'])
def test_closed_connection_ends_it(sent, ends):
    near, far = ends
    near.sendall(sent)
    near.close()
    with pytest.raises(EOFError):
        read_line(far, bytearray())


def test_input_is_waited_for_until_the_deadline(ends):
    near, far = ends
    began = time.monotonic()
    assert wait_for_input([near, far], began + 0.2) == []
    assert time.monotonic() - began >= 0.2
    near.sendall(b"x")
    assert wait_for_input([near, far], time.monotonic() + 20) == [far]
    assert wait_for_input([near, far], time.monotonic()) == []
