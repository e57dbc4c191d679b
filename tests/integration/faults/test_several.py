"""A disturbed cross-validation, refit or study ends as if it had not been disturbed."""

import shutil

import pytest

from tests.conftest import ROOT
from tests.faults import ROWS, Command, check, in_run, results, script, tables, training


@pytest.mark.slow
def test_all_folds(records, folds, tmp_path):
    words = training(records, "--fold", "all")
    command = Command(words, results, once=True, briefly=["killed"])
    check(command, tmp_path, "folds", undisturbed=folds)


@pytest.mark.slow
def test_refit(folds, tmp_path):
    refit = ("--refit", folds.out / "run", "--deterministic", "--run-dir", "{out}/run")
    again = script("train.py", "--resume", "{out}/run")
    words = script("train.py", *refit)
    command = Command(words, results, again, in_run, once=True, briefly=["told to end"])
    check(command, tmp_path, "refit")


@pytest.mark.slow
def test_study(records, tmp_path):
    bench = tmp_path / "bench"
    bench.mkdir()
    shutil.copy(ROOT / "tests/stubs/run_study.py", bench)
    shutil.copy(ROOT / "tests/stubs/train.py", bench / "train.py")
    words = [bench / "run_study.py", "--rows", ROWS, "--records", records]
    words += ["--study-dir", "{out}/study"]
    command = Command(words, tables, once=True, briefly=["told to end"])
    check(command, tmp_path, "study")
