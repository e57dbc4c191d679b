"""What is worked on for a sender ends with the sender, and nobody waits for a report of others."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.served_pages import as_json


def test_work_for_a_sender_who_has_gone_is_given_up(server, files, monkeypatch):
    begun, ended = threading.Event(), threading.Event()

    async def predict(*_):
        begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()

    monkeypatch.setattr("all_tf.page.service.PredictionService.predict", predict)
    body = as_json(files[:1])
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + body)
        assert begun.wait(20) and not ended.is_set()
    assert ended.wait(20)


def test_others_are_answered_while_a_report_is_made(server, monkeypatch):
    begun, made = threading.Event(), threading.Event()

    def report_of(_):
        begun.set()
        made.wait(20)
        return "<p>made</p>"

    monkeypatch.setattr("all_tf.page.endpoints.report_of", report_of)
    with ThreadPoolExecutor(1) as threads:
        report = threads.submit(server.ask, "/report")
        try:
            assert begun.wait(20) and server.ask("/health").status == 200
            assert not report.done()
        finally:
            made.set()
        assert report.result().body == b"<p>made</p>"
