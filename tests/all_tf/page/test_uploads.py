"""What a request may hold is bounded, malformed bodies are named, and nothing reaches the disk."""

import socket
import tempfile
import time

import pytest

from all_tf.page.limits import PageLimits
from tests.served_pages import as_form, as_json, served

SMALL = PageLimits(
    most_bytes=3_000_000,
    most_bytes_held=4_000_000,
    most_images=3,
    most_fields=1,
    most_pixels=500_000,
    seconds_to_send=1,
)
FORM = b'--y\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nx\r\n--y--\r\n'
AS_JSON = {"Content_Type": "application/json"}


@pytest.fixture(scope="module")
def small(run):
    """A server with small limits."""
    with served([run], limits=SMALL) as server:
        yield server


def test_too_many_pictures_bytes_and_pixels_are_refused(small, files):
    assert small.predict(files[:2]).status == 200
    for content, word in (
        (as_json(files[:4], kind="cell"), "bytes"),
        (as_json(files[:3]), "pixels"),
        (as_json(files[:2], kind="field"), "at most 1 fields"),
    ):
        reply = small.ask("/predict", content, **AS_JSON)
        assert reply.status == 413 and word in reply.content["error"]
    body, kind = as_form([path.parent.parent / "none" / path.name for path in ()], kind="cell")
    assert small.ask("/predict", body, Content_Type=kind).status == 400
    tiny = [{"name": "a", "data": ""}] * 4
    import json

    reply = small.ask("/predict", json.dumps({"images": tiny}).encode(), **AS_JSON)
    assert reply.status == 413 and "at most 3 pictures" in reply.content["error"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"images": []}', "application/json", 400),
        (b'{"images": [3]}', "application/json", 400),
        (b'{"images": [{"data": "\xff"}]}', "application/json", 400),
        (b'{"images": [{"data": "not base64"}]}', "application/json", 400),
        (b'{"images": [{"data": ""}], "kind": "x"}', "application/json", 400),
        (b'{"images": [{"data": ""}], "heat": "perhaps"}', "application/json", 400),
        (b'{"images": [{"data": ""}], "patient": 3}', "application/json", 400),
        (b'{"images": [{"data": ""}], "microns_per_pixel": 1e999}', "application/json", 400),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=y", 400),
        (b"--y\r\n\r\nx\r\n--y--\r\n", "multipart/form-data; boundary=y", 400),
        # An attack: decoding takes the square of the length, or each value twenty times its bytes.
        (FORM, "multipart/form-data; boundary=y; charset=latin-1", 400),
        (b'{"images": [' + b"[]," * 300_000 + b"[]]}", "application/json", 413),
    ],
)
def test_malformed_body_is_refused_with_a_reason(body, kind, status, server):
    reply = server.ask("/predict", body, Content_Type=kind)
    assert reply.status == status and reply.content["error"]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"images": [{"data": ""}], "kinds": "field"}', "kinds"),
        (b'{"images": [{"data": ""}], "micron_per_pixel": 0.1}', "micron_per_pixel"),
        (b'{"images": [{"data": "", "patients": "P1"}]}', "patients"),
        (
            b'{"images": [{"data": ""}], "\\u202e' + b"x" * 99 + b'": 1}',
            "\\u202e" + "x" * 49 + "...",
        ),
    ],
)
def test_unknown_key_is_refused_by_name(body, key, server):
    reply = server.ask("/predict", body, **AS_JSON)
    assert reply.status == 400 and f"Received: {key}. Correct it" in reply.content["error"]
    known = "name, data, patient" if key == "patients" else "images, kind, microns_per_pixel, pat"
    assert f"Expected no keys but {known}" in reply.content["error"]


def form_of(*parts: tuple[str, str | None]) -> bytes:
    """A form of texts, and of files where the value is None."""
    lines = []
    for name, value in parts:
        file = '; filename="1.bmp"' * (value is None)
        head = f'--y\r\nContent-Disposition: form-data; name="{name}"{file}'
        lines.append(f"{head}\r\n\r\n{value or 'x'}\r\n")
    return "".join([*lines, "--y--\r\n"]).encode()


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        (
            [("images", None), ("patient", "P1"), ("images", None), ("patient", "P2")],
            "more than once: patient. For pictures of several patients send JSON",
        ),
        ([("images", None), ("tta", "8")], "Received: tta. Correct it"),
        ([("images", None), ("images", "b.png")], "-F images=@PATH"),
        ([("images", None), ("patient", None)], "-F images=@PATH"),
    ],
)
def test_form_with_a_part_of_no_use_is_refused(parts, word, server):
    kind = "multipart/form-data; boundary=y"
    reply = server.ask("/predict", form_of(*parts), Content_Type=kind)
    assert reply.status == 400 and word in reply.content["error"]
    used = server.ask("/predict", form_of(*parts[:1]), Content_Type=kind)
    assert used.status == 200 and used.content["not_scored"][0].startswith("1.bmp: ")


def test_key_that_comes_twice_in_json_is_refused(server):
    body = b'{"images": [{"data": ""}], "patient": "P1", "patient": "P2"}'
    reply = server.ask("/predict", body, **AS_JSON)
    assert reply.status == 400
    assert reply.content["error"].endswith("more than once: patient. Send it once.")


@pytest.mark.parametrize("query", ["heat=1", "patient=P1", "x"])
def test_wish_in_the_address_is_refused_not_ignored(query, server):
    reply = server.ask(f"/predict?{query}", b'{"images": [{"data": ""}]}', **AS_JSON)
    assert reply.status == 400 and "keys of the body" in reply.content["error"]


def test_files_that_are_no_pictures_are_listed(server):
    reply = server.ask("/predict", b'{"images": [{"name": "a\\u202e", "data": ""}]}', **AS_JSON)
    assert reply.status == 200 and reply.content["images"] == []
    assert reply.content["not_scored"] == ["a\\u202e: the file is empty"]


def test_large_form_stays_in_memory(server, files, monkeypatch):
    def refuse(*_):
        raise AssertionError("a file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", refuse)
    body, kind = as_form(files * 2)
    assert len(body) > 10_000_000
    assert len(server.ask("/predict", body, Content_Type=kind).content["images"]) == 22


def test_body_that_does_not_arrive_is_given_up_and_others_are_answered_meanwhile(small, files):
    head = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", small.port)) as slow:
        slow.sendall(head % small.port + b"some")
        began = time.monotonic()
        assert small.predict(files[:1]).status == 200
        slow.settimeout(20)
        assert b"408" in slow.recv(1000)
        assert time.monotonic() - began < 15


def test_pictures_of_others_that_fill_the_memory_make_the_server_busy(small, files):
    head = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 2900000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", small.port)) as slow:
        slow.sendall(head % small.port + bytes(2_800_000))
        time.sleep(0.3)
        reply = small.predict(files[:2])
        assert reply.status == 503 and reply.headers["Retry-After"]
    time.sleep(0.3)
    assert small.predict(files[:2]).status == 200
