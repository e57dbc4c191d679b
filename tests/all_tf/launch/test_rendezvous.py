"""Processes find each other whoever else connects, and who waits in vain says so."""

import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from all_tf.launch import rendezvous as module
from all_tf.launch.cluster import ProcessInfo
from all_tf.launch.rendezvous import rendezvous
from all_tf.system.checks import ConfigError
from tests.all_tf.launch.test_supervisor import free_address


def meet(index: int, address: str, *, count: int = 2) -> str:
    """The welcome that a process receives."""
    with rendezvous(ProcessInfo(index, count, address), welcome=f"of {index}") as (_, welcome):
        return welcome


def connect(address: str) -> socket.socket:
    name, port = address.split(":")
    while True:
        try:
            return socket.create_connection((name, int(port)), timeout=20)
        except ConnectionRefusedError:
            continue


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True  # Closed before all was read.


@pytest.mark.parametrize("sent", [b"", b"\0", b'{"index": '])
def test_stranger_that_is_silent_delays_nobody(sent, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS_TO_MEET", 20.0)
    address = free_address()
    with ThreadPoolExecutor() as pool:
        first: Future[str] = pool.submit(meet, 0, address)
        with connect(address) as stranger:
            stranger.sendall(sent)
            assert pool.submit(meet, 1, address).result(10) == first.result(10) == "of 0"
            assert is_closed(stranger)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff\n", b"[]\n", b'{"index": true}\n']
)
def test_stranger_that_closes_or_says_something_else_is_left_out(sent, monkeypatch, capfd):
    monkeypatch.setattr(module, "_SECONDS_TO_MEET", 20.0)
    address = free_address()
    with ThreadPoolExecutor() as pool:
        first: Future[str] = pool.submit(meet, 0, address)
        with connect(address) as stranger:
            if sent:
                stranger.sendall(sent)
            else:
                stranger.shutdown(socket.SHUT_WR)
            assert is_closed(stranger)  # Process 0 waits on.
        assert pool.submit(meet, 1, address).result(10) == first.result(10) == "of 0"
    assert "a connection that is of no process was closed\n" in capfd.readouterr().err


def test_second_process_of_one_id_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_SECONDS_TO_MEET", 20.0)
    address = free_address()
    with ThreadPoolExecutor() as pool:
        first, second, third = (pool.submit(meet, k, address, count=3) for k in (0, 1, 1))
        with pytest.raises(ConfigError, match="Received: process_id=1, a second time or out of"):
            first.result(10)
        for other in (second, third):
            with pytest.raises(ConfigError, match="Process 0 at .* has ended. See its messages"):
                other.result(10)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "Process 0 at 127.0.0.1:.* sent no welcome in 0 s: it has all its processes already"),
        (b"SSH-2.0-OpenSSH_9.6", "Process 0 at 127.0.0.1:.* sent no welcome in 0 s"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "Received: another message, as another program sends it"),
        (b'{"index": 1}\n', "Expected the welcome of process 0 from 127.0.0.1"),
    ],
)
def test_program_that_is_not_process_0_is_not_waited_for_without_end(sent, said, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS_TO_MEET", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def answer() -> None:
            with server.accept()[0] as caller:
                caller.sendall(sent)
                ended.wait(20)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConfigError, match=f"{said}.*Name a port by --coordinator"):
            meet(1, f"127.0.0.1:{server.getsockname()[1]}")
        ended.set()
        thread.join()


def test_process_that_does_not_come_is_named(monkeypatch, capsys):
    monkeypatch.setattr(module, "_SECONDS_TO_MEET", 0.2)
    with pytest.raises(ConfigError, match="Process 1, 2 of 3 did not connect to 127.0.0.1"):
        meet(0, free_address(), count=3)
    with pytest.raises(ConfigError, match="Process 0 cannot be reached at 127.0.0.1"):
        meet(1, free_address(), count=3)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("waiting for process 1, 2 of 3 to connect to 127.0.0.1")
    assert second.startswith("waiting for process 0 of 3 at 127.0.0.1")
