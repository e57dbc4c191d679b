"""A disturbed training, or refit, ends as it would have ended when it is resumed."""

import pytest

from tests.faults import OPTIONS, Command, check, in_run, results, script


@pytest.mark.slow
def test_training(records, tmp_path):
    words = script("train.py", *OPTIONS, "--records", records, "--run-dir", "{out}/run")
    again = script("train.py", "--resume", "{out}/run")
    check(Command(words, results, again, in_run, once=True), tmp_path, "training")


@pytest.mark.slow
def test_refit(folds, tmp_path):
    words = script("train.py", "--refit", folds, "--deterministic", "--run-dir", "{out}/run")
    again = script("train.py", "--resume", "{out}/run")
    check(Command(words, results, again, in_run, once=True), tmp_path, "refit")
