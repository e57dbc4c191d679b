"""A disturbed conversion, training or analysis leaves the old result, or ends with the new one."""

import pytest

from tests.faults import Command, check, in_run, pages, results, script, training, whole_records


@pytest.mark.slow
def test_conversion(source, tmp_path):
    words = script("make_tfrecords.py", "--source", source, "--records", "{out}/records")
    check(Command([*words, "--folds", "2", "--overwrite"], whole_records), tmp_path, "conversion")


@pytest.mark.slow
def test_training(records, run, tmp_path):
    again = script("train.py", "--resume", "{out}/run")
    # Signals that meet a training: test_interruption.py.
    command = Command(training(records), results, again, in_run, once=True, briefly=["full disk"])
    check(command, tmp_path, "training", undisturbed=run)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fault"), [("evaluate.py", "full disk"), ("probe.py", "killed")])
def test_analysis(name, fault, run, tmp_path):
    words = script(name, "{out}/run", "--split", "train", "--fold", "1")
    command = Command(words, results, before=[run.out / "run"], briefly=[fault])
    check(command, tmp_path, name)


@pytest.mark.slow
def test_report(run, tmp_path):
    words = script("report.py", "{out}/run")
    command = Command(words, pages, before=[run.out / "run"], briefly=["told to end"])
    check(command, tmp_path, "report")
