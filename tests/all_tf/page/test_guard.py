"""Only this machine's own pages and programs are answered, and those with the token."""

import asyncio
import json
import time

import pytest

from all_tf.page.guard import Door, Guard
from all_tf.page.server import LOCAL
from tests.served_pages import served

TOKEN = "a1b2c3d4e5f6a7b8"


@pytest.fixture(scope="module")
def guarded(run):
    """A server that asks for a token."""
    with served([run], token=TOKEN) as server:
        yield server


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:80"},  # A name that was made to lead to this machine.
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/model", "/predict"])
def test_other_origins_and_hosts_are_refused(headers, path, server):
    body = b"{}" if path == "/predict" else None
    reply = server.ask(path, body, **headers)
    assert reply.status == 403 and "error" in reply.content


def test_own_page_is_allowed_and_may_load_nothing_from_elsewhere(server):
    reply = server.ask("/", Origin=server.url, Sec_Fetch_Site="same-origin")
    assert reply.status == 200 and b"http://" not in reply.body and b"https://" not in reply.body
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_token_is_asked_for_and_taken_from_header_cookie_and_address(guarded):
    assert guarded.ask("/model").status == 401
    assert guarded.ask("/model", Authorization=f"Bearer {TOKEN}x").status == 401
    assert guarded.ask("/?token=wrong").status == 401
    assert guarded.ask("/model", Authorization=f"Bearer {TOKEN}").status == 200
    reply = guarded.ask(f"/?token={TOKEN}")
    assert reply.status == 303 and reply.headers["Location"] == "/"
    cookie = reply.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert guarded.ask("/", Cookie=cookie.split(";")[0]).status == 200
    for other in ('x={"a":1}', "a,b", "x[1]=2", "two words=3", "x"):  # Of the host's other ports.
        cookies = f"{other}; {cookie.split(';')[0]}; {other}"
        assert guarded.ask("/", Cookie=cookies).status == 200
        assert guarded.ask("/", Cookie=other).status == 401
    assert guarded.ask("//evil.example?token=" + TOKEN).headers["Location"] == "/"


def test_unknown_addresses_and_methods_are_errors_in_json(server):
    assert server.ask("/docs").status == 404  # No page of a CDN.
    reply = server.ask("/predict")
    assert reply.status == 405 and json.loads(reply.body)["error"]


def test_failure_is_logged_without_the_name_of_a_file(server, files, monkeypatch, capfd):
    def fail(*_, **__):
        raise KeyError("secret.png")

    monkeypatch.setattr("all_tf.page.service.new_cells_of", fail)
    reply = server.predict(files[:1])
    assert reply.status == 500 and "secret" not in reply.body.decode()
    deadline, logged = time.monotonic() + 10, ""
    while not logged and time.monotonic() < deadline:  # It is logged after the answer.
        logged = "".join(capfd.readouterr())
    assert "error: KeyError in " in logged
    assert "secret" not in logged and files[0].name not in logged and "Traceback" not in logged


def test_request_that_the_end_of_the_server_cancels_is_answered():
    async def cancelled(*_):
        raise asyncio.CancelledError

    sent = []

    async def send(message):
        sent.append(message)

    guard = Guard(cancelled, Door(frozenset(), None, 80))
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    asyncio.run(guard(scope, None, send))
    assert sent[0]["status"] == 503 and b"The server ends." in sent[1]["body"]


def test_server_listens_on_this_machine_alone(server):
    assert server.url.startswith(f"http://{LOCAL}:")
