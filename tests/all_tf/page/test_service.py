"""Answers over HTTP are those of predict.py, for cells and for fields."""

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from all_tf.evaluation.predict_images import predict_new
from all_tf.system.tables import csv_text
from tests.conftest import ROOT
from tests.served_pages import as_form
from tfrecords.synthetic.cells import draw_cell

TWO = ("cell.png", "other.png")  # As the documentation calls them.


@pytest.fixture(scope="module")
def expected(run, files, tmp_path_factory):
    """What predict.py says of the files and of one that is none."""
    bad = tmp_path_factory.mktemp("bad") / "=bad.png"
    bad.write_bytes(b"no picture")
    answer = predict_new(run, [*files, bad])
    rows = [
        {**row, "path": row["path"].rsplit("/", 1)[1], "index": index}
        for index, row in enumerate(answer.rows)
    ]
    (problem,) = answer.problems
    return [*files, bad], rows, problem.rsplit("/", 1)[1]


def equal_but_for_rounding(found: list[dict], expected: list[dict]) -> None:
    """Sums of float32 depend on the size of a batch; texts and answers do not."""
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
        assert all(one[key] == other[key] for key in other if not isinstance(other[key], float))


@pytest.mark.parametrize("way", ["json", "form"])
def test_answers_are_those_of_predict(way, server, expected):
    files, rows, problem = expected
    if way == "json":
        reply = server.predict(files)
    else:
        body, kind = as_form(files)
        reply = server.ask("/predict", body, Content_Type=kind)
    assert reply.status == 200, reply.body
    equal_but_for_rounding(reply.content["images"], rows)
    assert reply.content["not_scored"] == [problem] and reply.content["patients"] == []
    assert reply.content["use"].startswith("For research use only")


def test_programs_of_the_documentation_give_those_answers(server, expected, tmp_path):
    files, rows, _ = expected
    page = (ROOT / "docs" / "page.md").read_text()
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    command = [sys.executable, "-I", "-c", program, f"{server.url}/predict", str(files[0])]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert said[1] == rows[0]["answer"]
    assert float(said[2]) == pytest.approx(rows[0]["probability"], abs=1e-6)
    if shutil.which("curl") is None:
        pytest.skip("no curl here")  # A user's machine may have none.
    (line,) = re.findall(r"^(curl .*other.*)$", page, flags=re.MULTILINE)
    for name, file in (("cell.png", files[0]), ("other.png", files[1])):
        shutil.copy(file, tmp_path / name)
    words = line.replace("http://127.0.0.1:8000", server.url).split()
    said = subprocess.run([*words, "-s"], cwd=tmp_path, capture_output=True, check=True).stdout
    shown = [{**row, "path": name, "patient": "P1"} for row, name in zip(rows, TWO, strict=False)]
    equal_but_for_rounding(json.loads(said)["images"], shown)


def test_patients_are_summarised_and_the_table_is_that_of_predict(server, expected):
    files, rows, _ = expected
    content = server.predict(files, patient="P1", csv=True).content
    (patient,) = content["patients"]
    assert patient["patient"] == "P1" and patient["num_cells"] == len(rows)
    without = [{key: row[key] for key in row if key != "index"} for row in content["images"]]
    assert content["csv"] == csv_text(without)
    assert [row["patient"] for row in csv.DictReader(io.StringIO(content["csv"]))] == ["P1"] * 11


def test_each_row_says_which_picture_it_is_of(server, files):
    data = [base64.b64encode(path.read_bytes()).decode() for path in files[:4]]
    named = [{"name": "a.bmp"}, {"name": "a.bmp"}, {}, {}, {}]
    pictures = [
        {**name, "data": each} for name, each in zip(named, [data[0], "", *data[1:]], strict=True)
    ]
    pictures[3]["patient"] = "P1"  # A part of its own.
    body = json.dumps({"images": pictures}).encode()
    content = server.ask("/predict", body, Content_Type="application/json").content
    rows = [(row["path"], row["index"], row["patient"]) for row in content["images"]]
    assert rows == [
        ("a.bmp", 0, ""),
        ("image 2", 2, ""),
        ("image 3", 3, "P1"),
        ("image 4", 4, ""),
    ]
    assert content["not_scored"] == ["a.bmp (2): the file is empty"]
    alone = [row for path in files[:4] for row in server.predict([path]).content["images"]]
    scores = [row["probability"] for row in content["images"]]
    assert scores == pytest.approx([row["probability"] for row in alone], abs=1e-6)


def test_thumbnails_and_heat_maps_come_on_request(server, files):
    content = server.predict(files[:5], thumbnails=True, heat=True).content
    assert len(content["thumbnails"]) == len(content["heat_maps"]) == 5
    uris = [content["thumbnails"][0], *content["heat_maps"][4].values()]
    assert all(uri.startswith("data:image/png;base64,") for uri in uris)


def draw_field() -> np.ndarray:
    """Two cells on a bright ground: uint8 `(700, 900, 3)`."""
    field = np.full((700, 900, 3), 235, np.uint8)
    for place, seed in ((slice(20, 470), 3), (slice(440, 890), 4)):
        cell = draw_cell(np.random.default_rng(seed), label=1)
        inside = cell.any(axis=-1)
        field[100:550, place][inside] = cell[inside]
    return field


def test_cells_of_a_field_are_cut_and_answered(server, tmp_path):
    pytest.importorskip("skimage")
    path = tmp_path / "field.png"
    Image.fromarray(draw_field()).save(path)
    content = server.predict([path], kind="field", microns_per_pixel=0.06).content
    assert [row["path"] for row in content["images"]] == [
        "field.png, cell 1",
        "field.png, cell 2",
    ]
    assert "cells cut out: 2" in content["notes"][1] and "0.06 um" in content["notes"][0]
    assert [row["index"] for row in content["images"]] == [0, 0]
    unscaled = server.predict([path], kind="field").content
    (problem,) = unscaled["not_scored"]
    assert "the scale is unknown" in problem and "microns_per_pixel" in problem
    assert "--" not in problem and unscaled["images"] == []


def test_fields_of_several_patients_are_told_apart(server):
    pytest.importorskip("skimage")
    buffer = io.BytesIO()
    Image.fromarray(draw_field()).save(buffer, format="PNG")
    field = {"name": "f.png", "data": base64.b64encode(buffer.getvalue()).decode()}
    pictures = [{**field, "patient": "P1"}, {**field, "patient": "P2"}]
    asked = {"images": pictures, "kind": "field", "microns_per_pixel": 0.06}
    reply = server.ask("/predict", json.dumps(asked).encode(), Content_Type="application/json")
    rows = [(row["path"], row["index"], row["patient"]) for row in reply.content["images"]]
    assert rows == [
        ("f.png, cell 1", 0, "P1"),
        ("f.png, cell 2", 0, "P1"),
        ("f.png (2), cell 1", 1, "P2"),
        ("f.png (2), cell 2", 1, "P2"),
    ]
