"""The addresses of the server, its description of itself, and its command."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from all_tf.page.guard import Door
from all_tf.page.predict_request import IMAGES, WISHES
from all_tf.page.readers import Readers
from all_tf.page.server import LOCAL, bind, build_app, door_of
from all_tf.runs.errors import RunError
from tests.conftest import ROOT


def test_description_names_every_address_and_fits_the_answers(server, files):
    api = server.ask("/openapi.json").content
    assert set(api["paths"]) == {"/predict", "/model", "/health"}
    schemas = api["components"]["schemas"]
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(api)))
    assert named == set(schemas)
    for name in ("PicturesAsJson", "PicturesAsForm"):
        assert set(schemas[name]["properties"]) == {IMAGES, *WISHES}
        assert schemas[name]["additionalProperties"] is False
    content = server.predict(files[:2], patient="P", heat=True, thumbnails=True, csv=True).content
    fits(content, schemas["Answers"], schemas)
    fits(server.ask("/predict", b"").content, schemas["Error"], schemas)


def fits(value, schema, schemas) -> None:
    """Check required and unknown properties, types and choices, all the way down."""
    if "$ref" in schema:
        return fits(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "enum" in schema:
        assert value in schema["enum"]
        return None
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(isinstance(value, _TYPES[kind]) for kind in kinds), (value, schema)
    if isinstance(value, list):
        for each in value:
            fits(each, schema["items"], schemas)
    if isinstance(value, dict):
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])
        for key, each in value.items():
            fits(each, schema["properties"][key], schemas)
    return None


_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


def test_model_says_what_answers(server, run):
    content = server.ask("/model").content
    (described,) = content["runs"]
    assert described["name"] == "run" and len(described["weights_sha256"]) == 64
    assert content["threshold"] == 0.45 and content["limits"]["most_images"] == 200
    assert server.ask("/health").content == {"status": "ok", "waiting": 0}


def test_report_of_the_run_is_shown_without_scripts(server, run):
    reply = server.ask("/report")  # No result is filed in this run.
    assert reply.status == 404 and "has no report" in reply.content["error"]
    (run / "report.html").write_text("<p>report</p>")
    try:
        reply = server.ask("/report")
        assert reply.body == b"<p>report</p>"
        assert reply.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    finally:
        (run / "report.html").unlink()


def test_folders_of_the_server_are_in_its_log_alone(server, monkeypatch, capfd):
    def fail(_):
        raise RunError("/home/anna lee/runs/run has no result")

    monkeypatch.setattr("all_tf.page.endpoints.report_of", fail)
    reply = server.ask("/report")
    assert reply.status == 404 and "log of the server" in reply.content["error"]
    assert "anna" not in reply.body.decode() and "lee" not in reply.body.decode()
    assert "error: no report: /home/anna lee/runs/run has no result" in capfd.readouterr().err


def test_as_many_processes_read_as_the_server_has_processors(server, run, monkeypatch):
    numbers = []

    def count(number):
        numbers.append(number)
        return Readers(1)

    monkeypatch.setattr("all_tf.page.server.Readers", count)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    for processors in ({0}, {0, 1, 5}):
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda _, those=processors: those, raising=False
        )
        build_app(server.predictor, [run], Door(frozenset(), None, 80))
    assert numbers == [2, 3]


def test_address_that_is_taken_is_named():
    with bind(LOCAL, 0) as taken:
        port = taken.getsockname()[1]
        assert door_of(taken, None).hosts == {f"127.0.0.1:{port}", f"localhost:{port}"}
        with pytest.raises(OSError, match="Pass another --port"):
            bind(LOCAL, port)


def page(*arguments) -> list[str]:
    return [sys.executable, str(ROOT / "scripts/page.py"), *map(str, arguments)]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--host", "0.0.0.0"], "pass --token as well"),
        (["--token", "short"], "16 letters and digits or more, nothing else; received 5 char"),
        (["--token", "a-b" * 9], "16 letters and digits or more, nothing else; received '-'"),
    ],
)
def test_other_addresses_need_a_token(options, word, run):
    ended = subprocess.run(page(run, *options), capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and word in ended.stderr


def test_command_serves_until_it_is_interrupted(run):
    command = page(run, "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        try:
            said = it.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+/", said)[0]
            with urllib.request.urlopen(url, timeout=60) as answer:
                assert b"Drop pictures here" in answer.read()
            it.send_signal(signal.SIGINT)
            _, said = it.communicate(timeout=60)
        finally:
            it.kill()
    assert it.returncode == 130 and said.strip().endswith("interrupted")
