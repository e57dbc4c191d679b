"""A client that sends no whole head is cut off, however slowly it goes on sending."""

import socket
import time
from contextlib import suppress

from all_tf.page import connection


def test_client_without_a_whole_head_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(connection, "SECONDS_TO_ASK", 1.0)
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.settimeout(20)
        slow.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        try:
            while time.monotonic() - began < 15:
                time.sleep(0.2)
                slow.sendall(b"X-A: b\r\n")
        except OSError:
            pass
        assert 0.5 < time.monotonic() - began < 10
        assert server.ask("/health").status == 200


def test_what_is_no_http_after_an_answer_ends_the_connection_without_a_word(server, caplog):
    head = b"POST /predict HTTP/1.1\r\nHost: other\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(20)
        client.sendall(head)
        assert b"403" in client.recv(10_000)
        client.sendall(b"no length\r\n")
        with suppress(ConnectionResetError):
            while client.recv(10_000):
                pass
    assert not caplog.records


def test_what_is_no_http_gets_400(server):
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(20)
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert b"400" in client.recv(1000)
