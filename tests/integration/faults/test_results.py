"""A disturbed conversion, evaluation, probe or report leaves the old result or the new one."""

import pytest

from tests.faults import Command, check, pages, results, script, whole_records


@pytest.mark.slow
def test_conversion(source, tmp_path):
    words = script("make_tfrecords.py", "--source", source, "--records", "{out}/records")
    check(Command([*words, "--folds", "2", "--overwrite"], whole_records), tmp_path, "conversion")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["evaluate.py", "probe.py"])
def test_analysis(name, run, tmp_path):
    words = script(name, "{out}/run", "--split", "train", "--fold", "1")
    check(Command(words, results, before=[run]), tmp_path, name)


@pytest.mark.slow
def test_report(run, tmp_path):
    check(Command(script("report.py", "{out}/run"), pages, before=[run]), tmp_path, "report")
