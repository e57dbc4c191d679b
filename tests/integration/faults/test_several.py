"""A disturbed cross-validation or study ends as it would have ended when it is begun again."""

import shutil

import pytest

from tests.conftest import ROOT
from tests.faults import OPTIONS, ROWS, Command, check, results, script, tables


@pytest.mark.slow
def test_all_folds(records, tmp_path):
    words = script("train.py", *OPTIONS, "--fold", "all", "--records", records)
    check(Command([*words, "--run-dir", "{out}/run"], results, once=True), tmp_path, "folds")


@pytest.mark.slow
def test_study(records, tmp_path):
    bench = tmp_path / "bench"
    bench.mkdir()
    shutil.copy(ROOT / "tests/stubs/run_study.py", bench)
    shutil.copy(ROOT / "tests/stubs/train.py", bench / "train.py")
    words = [bench / "run_study.py", "--rows", ROWS, "--records", records]
    words += ["--study-dir", "{out}/study"]
    check(Command(words, tables, once=True), tmp_path, "study")
