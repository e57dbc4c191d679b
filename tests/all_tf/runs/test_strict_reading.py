"""Every fault of a file of a run is refused with its name, line and field; nothing else happens."""

import json

import numpy as np
import pytest

from all_tf.config.experiment import Experiment
from all_tf.metrics.predictions import Predictions
from all_tf.reports.run_facts import read_facts
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.errors import RunError
from all_tf.runs.expectations import integer, number, optional, range_of
from all_tf.runs.folder import read_config, read_metrics, read_status
from all_tf.runs.history_file import chosen_epoch, read_history
from all_tf.runs.prediction_files import read_predictions, write_predictions
from all_tf.runs.strict_reading import read_object, read_rows
from tests.written_runs import write_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


DAMAGE = {
    b'{\n "a": NaN}': "NaN is no finite number",
    b'{"a": 1e999}': "1e999 is no finite number",
    b'{"a": -Infinity}': "-Infinity is no finite number",
    b'{"a": 1' + b"0" * 5000 + b"}": "a whole number of 5,001 digits",
    b'{"a": 1, "a": 2}': "the field 'a' twice",
    b'{"a": "\\u0000"}': "a NUL character in text",
    b'{"a": "\0"}': "(line 1): a NUL byte",
    b'{"a": "\\ud800"}': "surrogates not allowed",
    b'\n\n{"a": "\xff"}': "(line 3): bytes that are no UTF-8",
    b'{\n"a": 1,\n': "(line 3): Expecting property name",
    b"[" * 100_000: "nested too deeply",
    b"[1]": "Expected an object. Received: [1]",
    b"": "(line 1): Expecting value",
}


@pytest.mark.parametrize("data", DAMAGE, ids=range(len(DAMAGE)))
def test_damaged_json_is_refused_with_what_is_wrong(data, tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(RunError) as caught:
        read_object(path)
    assert str(path) in str(caught.value) and DAMAGE[data] in str(caught.value)
    assert len(str(caught.value)) < 500


def test_link_device_and_folder_are_no_files_of_a_run(tmp_path):
    (tmp_path / "x.json").symlink_to("/dev/zero")
    with pytest.raises(RunError, match="is a symbolic link"):
        read_object(tmp_path / "x.json")
    with pytest.raises(RunError, match="no regular file"):
        read_object(tmp_path)


def test_field_of_a_wrong_value_is_named_with_its_line(run):
    path = run / "metrics.json"
    report = json.loads(path.read_text())
    for key, value, why in (
        ("threshold", 1.5, "Expected a number of 0 to 1. Received: 1.5"),
        ("threshold", True, "Received: True"),
        ("kappa", "0.9", "Expected a number of -1 to 1, or null. Received: '0.9'"),
        ("stamps", "", "Expected a list of text that is not empty. Received: ''"),
        ("best_epoch", 2.0, "Expected a whole number"),
        ("split", "Test", "Expected one of train, validation, test"),
        ("kapa", 0.5, "Expected no such field"),
    ):
        path.write_text(json.dumps(report | {key: value}, indent=2))
        line = next(n for n, text in enumerate(path.read_text().split("\n"), 1) if key in text)
        with pytest.raises(RunError, match="metrics.json is damaged") as caught:
            read_metrics(run)
        assert f"(line {line}, field {key}): " in str(caught.value) and why in str(caught.value)


WRONG = (None, True, "x", -7, 1e300, [], [[]], {}, {"a": 1}, "\x1b")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("config.json", lambda run: read_config(run)),
        ("calibration.json", read_calibration),
        ("status.json", read_status),
        ("environment.json", lambda run: read_facts(run).environment),
    ],
)
def test_no_wrong_type_is_a_traceback(name, read, run):
    (run / "status.json").write_text('{"state": "failed", "epochs_done": 1, "pid": 7}')
    path = run / name
    whole_file = json.loads(path.read_text())
    for key, held in whole_file.items():
        for value in WRONG:
            path.write_text(json.dumps(whole_file | {key: value}))
            try:
                read(run)
            except RunError as error:
                assert name in str(error)
            else:  # What is accepted has the type that was there, or is allowed to be null.
                number_for_number = isinstance(held, int | float) and isinstance(value, int | float)
                same = number_for_number or isinstance(held, type(value))
                assert value is None or same, (key, value)


TABLES = {
    "a,b\n1,2\n3": "(line 3): the last line is cut",
    "a,b\n1,2\n3\n": "(line 3): 1 fields, expected 2",
    "a,b\n1,2,3\n": "(line 2): 3 fields, expected 2",
    "a,b\n": "(line 2): Expected a line below the header",
    'a,b\n"1,2\n3,4\n': "unexpected end of data",
    'a,b\n"1\n",4\n': "a field goes on over the end of a line",
    "a,a\n1,2\n": "(line 1): a column twice",
    "a\n" + "x" * 200_000 + "\n": "field larger than field limit",
}


@pytest.mark.parametrize("text", TABLES, ids=range(len(TABLES)))
def test_damaged_table_is_refused_with_its_line(text, tmp_path):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(RunError, match="x.csv is damaged") as caught:
        read_rows(tmp_path / "x.csv")
    assert TABLES[text] in str(caught.value)


@pytest.mark.parametrize("value", ["nan", "inf", "1e300", "1_0", " 1", "0x1", "", "1.", "text"])
def test_logit_that_is_no_number_of_a_network_is_refused(value, run):
    path = run / "predictions.csv"
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[5] = value
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:], ""]))
    with pytest.raises(RunError, match=r"\(line 4, field logit\): Expected a number"):
        read_predictions(path)


def test_image_twice_is_refused_and_the_second_line_is_named(run):
    path = run / "predictions.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[5], ""]))
    with pytest.raises(RunError, match=rf"\(line {len(lines) + 1}, field name\): Expected each"):
        read_predictions(path)


def test_text_that_begins_a_formula_comes_back_as_it_was(tmp_path):
    names = np.array(["'=x", "'a", "+1", "-b", "=cmd|' /C calc'!A0", "@c", "\td"])
    written = Predictions(names, names, names, np.arange(7) % 2, np.linspace(-1, 1, 7))
    write_predictions(tmp_path / "p.csv", written)
    for line in (tmp_path / "p.csv").read_text().splitlines()[1:]:
        assert all(cell.lstrip('"')[0] not in "=+-@\t" for cell in line.split(",")[:3])
    found = read_predictions(tmp_path / "p.csv")
    assert found.names.tolist() == sorted(names) and found.patients.tolist() == sorted(names)


def test_history_has_every_epoch_once_and_numbers(run):
    path = run / "history.csv"
    assert [row["epoch"] for row in read_history(path)] == [1, 2, 3]
    text = path.read_text()
    for old, new, why in (
        ("\n2,", "\n3,", r"\(line 3, field epoch\): Expected 2. Received: 3"),
        ("\n2,0.2", "\n2,nan", r"\(line 3, field f1\): Expected a number of -1 to 1"),
        ("val_f1", "val_f7", r"\(line 1, field val_f7\): Expected no such field"),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(RunError, match=why):
            read_history(path)


def test_expectations_hold_for_what_they_say():
    assert number(0, 1).holds(1.0000000000000002) and not number(0, 1).holds(True)
    assert not number().holds(float("nan")) and not number().holds(10**40)
    assert integer().holds(0) and not integer().holds(1.0) and not integer(1).holds(0)
    assert optional(integer()).holds(None) and not range_of(number()).holds([2, 1])


def test_epoch_is_the_first_of_the_best_finite_values():
    by_loss, by_kappa = (Experiment("vgg16", monitor=f"val_{key}") for key in ("loss", "kappa"))
    rows = [
        {"epoch": 1, "val_loss": "nan", "val_kappa": 0.5},
        {"epoch": 2, "val_loss": 0.4, "val_kappa": 0.7},
        {"epoch": 3, "val_loss": 0.3, "val_kappa": 0.7},
    ]
    assert (chosen_epoch(rows, by_loss), chosen_epoch(rows, by_kappa)) == (3, 2)
    assert chosen_epoch(rows, Experiment("vgg16", fold=None)) == 3
    assert chosen_epoch(rows[:1], by_loss) is None
