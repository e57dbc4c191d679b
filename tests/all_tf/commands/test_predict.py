"""predict.py prints and writes its answers, and says what it could not score."""

import csv
import io
import json
import runpy
import shutil
import sys
from dataclasses import replace

import pytest
from PIL import Image

from all_tf.commands.predict import _skipped
from tests.conftest import ROOT, read_rows
from tests.new_cells import save_cells, write_ranged_run
from tests.untrained import EXPERIMENT


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    return write_ranged_run(tmp_path_factory.mktemp("runs") / "run", records)


@pytest.fixture
def folder(tmp_path):
    return save_cells(tmp_path)


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run the script in this process, in an empty folder: exit code or message, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def as_typed(*arguments):
        monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, arguments)])
        code = None
        try:
            runpy.run_path(str(ROOT / "scripts/predict.py"), run_name="__main__")
        except SystemExit as end:
            code = end.code
        return (code, *capsys.readouterr())

    return as_typed


def test_picture_is_not_put_among_the_images(call, run, folder):
    code, *_ = call(run, folder, "--picture", folder / "p.png")
    assert "the picture would be one of them. Name a place outside" in str(code)
    assert not (folder / "p.png").exists()


def test_command_prints_and_writes_the_table_and_ends_with_1_for_a_bad_file(
    call, run, folder, tmp_path
):
    code, out, err = call(run, folder, "--out", "new.csv")
    assert code is None and "Research use only" in err and "Images scored: 2" in err
    assert (tmp_path / "new.csv").read_text() == out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == [
        "path", "score", "calibrated_score", "decision", "threshold", "warnings",
        "probability", "answer", "reason", "nearest_patient",
    ]  # fmt: skip
    code, *_ = call(run, folder, "--out", "new.csv")
    assert "new.csv exists already" in code
    (folder / "a.png").write_bytes(b"")
    code, out, _ = call(run, folder)
    assert code.startswith("error: 1 not scored:\n") and "a.png: the file is empty" in code
    (written,) = tmp_path.glob("predictions-*.csv")
    assert written.read_text() == out and len(read_rows(written)) == 1
    code, out, _ = call(run, folder / "a.png", "--out", "none.csv")
    assert code.startswith("error: 1 not scored") and out == ""
    assert not (tmp_path / "none.csv").exists()


def test_terminal_gets_the_first_rows_with_what_people_look_for(
    call, run, folder, tmp_path, monkeypatch
):
    monkeypatch.setattr("all_tf.commands.predict._ROWS_ON_SCREEN", 1)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, out, _ = call(run, folder, "--out", "new.csv")
    titles, _, row, more = out.splitlines()
    assert [title.strip() for title in titles.strip("|").split("|")] == [
        *("image", "answer", "probability", "reason or warnings")
    ]
    assert row.startswith("| a.png ") and more == "and 1 more in the file"
    assert len(read_rows(tmp_path / "new.csv")) == 2


def test_command_takes_folds_and_gives_json_patients_and_a_picture(
    call, run, records, folder, tmp_path
):
    other = write_ranged_run(tmp_path / "other", records, replace(EXPERIMENT, seed=1))
    options = ("--patients", "folder", "--format", "json", "--picture", "p.png", "--heat")
    code, out, err = call(run, folder, "--ensemble", other, *options)
    assert code is None and "has no known_cells.json" in err and "Pictured: the first 2" in err
    content = json.loads(out)
    assert content["not_scored"] == []
    assert [row["patient"] for row in content["images"]] == ["cells", "below"]
    for row in content["images"]:
        assert row["answer"] in ("positive", "negative", "none")
        assert bool(row["reason"]) == (row["answer"] == "none")
        assert row["probability"] == row["calibrated_score"]
    assert [row["patient"] for row in content["patients"]] == ["below", "cells"]
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.format == "PNG"
    (written,) = tmp_path.glob("predictions-*.json")
    assert json.loads(written.read_text()) == content


def test_copy_of_a_network_does_not_answer_with_it(call, run, folder, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    code, out, _ = call(run, folder, "--ensemble", copy)
    assert "copy holds the same weights as" in code and not out


def test_csv_has_a_table_of_patients_beside_it(call, run, folder, tmp_path):
    table = tmp_path / "whose.csv"
    table.write_text("path,patient\ncells/a.png,P1\ncells/below/b.TIFF,P1\n")
    code, out, _ = call(run, folder, "--patients", table, "--out", "new.csv")
    assert code is None
    assert [row["patient"] for row in csv.DictReader(io.StringIO(out))] == ["P1", "P1"]
    (row,) = read_rows(tmp_path / "new-patients.csv")
    assert row["patient"] == "P1" and row["num_cells"] == "2"
    code, *_ = call(run, folder, "--patients", table, "--out", "new.csv")
    assert "exists already" in code


@pytest.mark.parametrize("rows", ["", "cells/c.png,P1\n", "cells/a.png,\n"])
def test_table_without_a_patient_of_these_images_leaves_a_header_and_a_note(
    rows, call, run, folder, tmp_path
):
    (tmp_path / "whose.csv").write_text(f"path,patient\n{rows}")
    options = ("--patients", "whose.csv", "--out", "new.csv", "--picture", "p.png")
    code, out, err = call(run, folder, *options)
    assert code is None and err.count("No patient is known: ") == 1
    assert "Written: new.csv, new-patients.csv, p.png" in err
    assert (tmp_path / "new.csv").read_text() == out and (tmp_path / "p.png").stat().st_size
    (header,) = (tmp_path / "new-patients.csv").read_text().splitlines()
    assert header.startswith("patient,num_cells,") and header.endswith(",mean_probability")


def test_list_of_files_that_were_not_scored_is_cut():
    said = _skipped([f"{n}.png: empty" for n in range(300)]).splitlines()
    assert said[:2] == ["300 not scored:", "  0.png: empty"]
    assert said[6:] == ["  and 295 more; --format json has them all"]
    assert _skipped(["a.png: empty"] * 5).count("\n") == 5
