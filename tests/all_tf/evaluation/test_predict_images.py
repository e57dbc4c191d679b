"""New cells: any image or folder is scored as records would be, bad files are listed, none lost."""

import csv
import io
import json
import os
import runpy
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from all_tf.commands.predict import _skipped
from all_tf.data.image_files import read_new_cells
from all_tf.data.patient_column import patient_lookup
from all_tf.data.training_range import RANGE_FEATURES, write_range
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.predict_images import predict_new
from all_tf.runs.folder import EvaluationSet
from tests.conftest import ROOT, noise, read_rows
from tests.untrained import EXPERIMENT, write_run
from tfrecords.codec.png import encode_png

ANYTHING = dict.fromkeys(RANGE_FEATURES, (0.0, np.inf))


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    return _with_range(write_run(tmp_path_factory.mktemp("runs") / "run", records))


def _with_range(run):
    write_range(run, [encode_png(Image.fromarray(noise(seed))) for seed in range(5)])
    return run


@pytest.fixture(scope="module")
def phase(synthetic):
    """The folder of the preliminary phase as it was published."""
    return next(synthetic.rglob("*prelim_phase_data"))


@pytest.fixture
def folder(tmp_path):
    """Two cells, in a folder and below it, among files that are none."""
    for name in ("a.png", "below/b.TIFF"):
        path = tmp_path / "cells" / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noise(len(name), side=300)).save(path)
    (tmp_path / "cells/notes.txt").write_text("text")
    (tmp_path / "cells/.hidden.png").write_bytes(b"")
    return tmp_path / "cells"


def test_files_get_the_logits_that_their_records_get(run, phase):
    evaluate_run(run, EvaluationSet("validation"), tta=8)
    filed = read_rows(run / "evaluation/validation-tta-8/predictions.csv")
    expected = {row["name"].split("/")[1]: row for row in filed}
    answer = predict_new(run, [phase], tta=8)
    assert len(answer.rows) == len(expected) == 15 and answer.problems == []
    for row in answer.rows:
        of_records = expected[row["path"].split("/")[-1]]
        assert row["score"] == pytest.approx(float(of_records["score"]), abs=1e-6)
        assert row["calibrated_score"] == pytest.approx(
            float(of_records["calibrated_score"]), abs=1e-6
        )
        assert row["threshold"] == 0.45
        assert row["decision"] == ("ALL" if row["calibrated_score"] >= 0.45 else "HEM")
        assert row["warnings"].startswith("size: area")  # Those of the range are small squares.


def test_images_and_folders_are_taken_in_order_each_once(folder):
    paths = [folder / "below/b.TIFF", folder, folder / "a.png"]
    new = read_new_cells(paths, ANYTHING)
    assert new.cells.names.tolist() == [str(folder / "below/b.TIFF"), str(folder / "a.png")]
    assert new.problems == [] and new.warnings == [[], []]
    pixels = np.asarray(Image.open(io.BytesIO(new.cells.pngs[1])))
    assert pixels.shape == (450, 450, 3)  # The 300 px of the file, black around.
    np.testing.assert_array_equal(pixels[75:375, 75:375], noise(5, side=300))


def spoil_empty(path):
    path.write_bytes(b"")
    return "the file is empty"


def spoil_text(path):
    path.write_text("no image")
    return "not a BMP, PNG, TIFF or JPEG file"


def spoil_cut(path):
    path.write_bytes(path.read_bytes()[:400])
    return "damaged: a PNG that is cut short"


def spoil_black(path):
    Image.new("RGB", (450, 450)).save(path)
    return "no cell"


def spoil_colours(path):
    Image.open(path).convert("CMYK").save(path, "JPEG")
    return "received mode CMYK"


def spoil_absent(path):
    path.unlink()
    return "No such file or directory"


def spoil_unreadable(path):
    path.unlink()
    path.symlink_to(path.name)
    return "symbolic links"


def spoil_fifo(path):
    path.unlink()
    os.mkfifo(path)
    return "expected a regular file; received a FIFO"


def spoil_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")
    return "expected a regular file; received a device"


def spoil_sparse(path):
    with path.open("wb") as file:
        file.truncate(2**40)
    return "expected an image of at most"


def spoil_checksum(path):
    data = path.read_bytes()
    path.write_bytes(data[:-16] + bytes(4) + data[-12:])
    return "is wrong; copy the file again from its source"


def spoil_size(path):
    Image.new("RGB", (1, 1), "white").save(path)
    return "received 1x1"


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_fifo,
        spoil_device,
        spoil_sparse,
        spoil_checksum,
        spoil_size,
        spoil_empty,
        spoil_text,
        spoil_cut,
        spoil_black,
        spoil_colours,
        spoil_absent,
        spoil_unreadable,
    ],
)
def test_bad_file_is_listed_with_its_reason_and_the_rest_is_read(spoil, folder):
    reason = spoil(folder / "a.png")
    new = read_new_cells([folder / "a.png", folder / "below"], ANYTHING)
    (problem,) = new.problems
    assert problem.startswith(f"{folder / 'a.png'}: ") and reason in problem
    assert new.cells.names.tolist() == [str(folder / "below/b.TIFF")]


def test_links_to_one_file_are_read_once(folder):
    (folder / "hard.png").hardlink_to(folder / "a.png")
    (folder / "soft.png").symlink_to("a.png")
    (folder / "below/again").symlink_to("..")
    new = read_new_cells([folder, folder / "below" / "again", folder / "soft.png"], ANYTHING)
    assert len(new.cells) == 2 and new.problems == []


def test_folder_without_images_and_images_of_other_formats_are_listed(folder):
    (folder / "c.gif").write_bytes(b"GIF89a")
    (folder / "none").mkdir()
    new = read_new_cells([folder, folder / "none"], ANYTHING)
    assert len(new.cells) == 2
    assert [problem.split(": ")[1][:15] for problem in new.problems] == [
        "expected one of",
        "no image below ",
    ]


def test_name_that_is_no_text_is_shown_all_the_same(folder):
    os.rename(folder / "a.png", os.fsencode(folder) + b"/\xff.png")  # noqa: PTH104  Path knows no bytes.
    new = read_new_cells([folder], ANYTHING)
    assert new.cells.names.tolist()[0].endswith("/�.png")


def test_folders_whose_names_are_no_text_are_not_one_patient(run, folder):
    for name in (b"/\xfe", b"/\xff"):
        place = os.fsencode(folder) + name
        os.mkdir(place)  # noqa: PTH102  Path knows no bytes.
        shutil.copy(folder / "a.png", os.fsdecode(place))
    with pytest.raises(
        ValueError, match="cells/\ufffd cannot name a patient: the name is not UTF-8; rename it"
    ):
        predict_new(run, [folder], patient_of=patient_lookup("folder"))
    assert predict_new(run, [folder / "a.png"], patient_of=patient_lookup("folder")).patients


def test_run_without_a_range_says_that_nothing_was_compared(folder):
    new = read_new_cells([folder], None)
    assert all("the run has no range" in text for (text,) in new.warnings)


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
    other = _with_range(write_run(tmp_path / "other", records, replace(EXPERIMENT, seed=1)))
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
