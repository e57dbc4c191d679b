"""The checks as a user sees them: in order, with what to do, and an exit code."""

import json
import re
import shutil

import pytest

from all_tf.commands import doctor
from all_tf.doctor import examine, rows
from all_tf.doctor.check import OK, PROBLEM, WARNING, Check, format_check, guarded
from all_tf.doctor.records import check_records
from all_tf.doctor.rows import format_rows, rows_here
from all_tf.estimates.memory import GIB
from tests.conftest import ROOT

NAMES = ["Python", "packages", "extras", "memory", "disk", "records", "GPU"]


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command without loading TensorFlow: its exit code and what it printed."""

    def run(*words, gpu=Check("GPU", OK, "none in this machine")):  # noqa: B008 - it is frozen.
        monkeypatch.setattr("sys.argv", ["doctor.py", *map(str, words)])
        monkeypatch.setattr("signal.signal", lambda *_: None)
        for name in ("packages", "extras", "memory", "disk"):  # Whatever this machine has.
            fine = Check(name, OK, "fine")
            monkeypatch.setattr(examine, f"check_{name}", lambda *_, fine=fine: fine)
        monkeypatch.setattr(examine, "check_gpu", lambda: gpu)
        monkeypatch.setattr(rows, "seconds_a_product", lambda: 0.04)
        try:
            doctor.main()
        except SystemExit as end:
            return end.code, capsys.readouterr().out
        return 0, capsys.readouterr().out

    return run


def test_command_prints_each_check_and_the_rows_in_80_columns(call, records):
    code, text = call("--records", records)
    assert code == 0 and re.findall(r"^  (?:ok|warning) +(\w+)", text, re.MULTILINE) == NAMES
    assert "| densenet169 " in text and text.endswith("Problems: 0. Warnings: 1.\n")
    wide = [line for line in text.splitlines() if len(line) > 79]
    assert all(str(records) in line for line in wide)  # A path is not divided.


def test_json_has_checks_and_rows(call, records):
    code, text = call("--json", "--records", records)
    content = json.loads(text)
    assert code == 0 and [each["name"] for each in content["checks"]] == NAMES
    assert {"row", "batch_that_fits", "memory_bytes", "epoch_seconds"} <= content["rows"][0].keys()


def test_a_problem_gives_exit_code_1_and_rows_are_those_of_cnmc(call, tmp_path):
    code, text = call("--records", tmp_path)
    assert code == 1 and "problem   records    No records in" in text
    assert "for the images of C-NMC 2019" in text and "Problems: 1." in text
    assert call(gpu=Check("GPU", PROBLEM, "idle"))[0] == 1


def test_records_that_nobody_named_may_be_missing(tmp_path):
    assert check_records(tmp_path, expected=False).state == WARNING


def test_records_are_described_and_a_shard_cut_short_is_a_problem(records, tmp_path):
    found = check_records(records, expected=True)
    assert found.usable and "ALL" in found.found and "3 folds" in found.found
    copy = shutil.copytree(records, tmp_path / "records")
    next(copy.glob("cnmc-train*")).write_bytes(b"")
    found = check_records(copy, expected=True)
    assert found.state == PROBLEM and not found.usable and "0 bytes" in found.found


def test_records_without_the_proof_cannot_be_trained_on(records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "records")
    (copy / "leakage.json").unlink()
    found = check_records(copy, expected=True)
    assert found.state == PROBLEM and not found.usable and "has no leakage.json" in found.found


def test_commands_in_a_check_start_from_here(monkeypatch):
    monkeypatch.setattr("sys.argv", ["all-tf doctor"])
    found = guarded("records", lambda: Check("records", OK, "x", "python scripts/train.py"))
    assert found.remedy.endswith("all-tf train")


def test_what_a_check_raises_is_a_problem():
    def lack():
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    def fail():
        raise OSError("no such device")

    assert guarded("memory", lack).found == "not checked: numpy is not installed"
    assert guarded("disk", fail)[1:3] == (PROBLEM, "OSError: no such device")


def test_text_is_wrapped_below_its_column_with_the_remedy():
    lines = format_check(Check("disk", PROBLEM, "word " * 30, "Free some")).splitlines()
    assert lines[0].startswith("  problem   disk       word") and lines[1].startswith(
        " " * 23 + "w"
    )
    assert lines[-1] == " " * 23 + "-> Free some"


def test_rows_say_which_batch_fits(monkeypatch):
    monkeypatch.setattr(rows, "seconds_a_product", lambda: 0.04)
    here = {each.row: each for each in rows_here(None, gpu_bytes=8 * GIB)}
    assert here["base_cnn"].batch_that_fits == 60
    assert here["vgg16"].batch_that_fits == 256 and here["vgg16"].memory_bytes > 8 * GIB
    assert here["vgg16"].fitting_bytes < here["vgg16"].memory_bytes
    assert here["base_cnn"].fitting_bytes == here["base_cnn"].memory_bytes
    text = format_rows(list(here.values()), images="x", on_gpu=True)
    assert f"| {here['vgg16'].fitting_bytes / GIB:.1f} GiB |" in text
    assert "| 256 instead of 512 |" in text and "on the GPU all is much faster" in text
    none = rows_here(None, gpu_bytes=1, rows={"a": rows.EXPERIMENTS["vgg16"]})
    assert "| none " in format_rows(none, images="x", on_gpu=False)


def test_numbers_of_images_are_those_of_the_page_on_the_data():
    page = (ROOT / "docs/data.md").read_text()
    assert all(f" {count:,} " in page for count in rows._CNMC.values())
