"""When a trial is behind: at which epoch of which fold, and beside how many others."""

import pytest

from all_tf.launch.pruning import is_behind, progress
from all_tf.system.tables import write_csv

FOLD = 1_000_000


def test_progress_is_the_mean_over_the_folds_so_far_of_the_best_epoch(tmp_path):
    runs = [tmp_path / f"fold-{k}" for k in range(3)]
    for run, values in zip(runs[:2], ([0.2, 0.6, 0.4], [0.1, 0.8]), strict=True):
        run.mkdir()
        rows = [{"epoch": n, "val_kappa": value} for n, value in enumerate(values, 1)]
        write_csv(run / "history.csv", rows)
    assert progress(runs) == pytest.approx({1: 0.2, 2: 0.6, 3: 0.6, FOLD + 1: 0.35, FOLD + 2: 0.7})


def test_trial_below_the_median_of_five_is_behind_but_not_in_the_first_epoch_of_a_fold():
    others = [{1: value, 2: value, FOLD + 1: value, FOLD + 2: value} for value in range(5)]
    assert is_behind(2, 1.9, others) and not is_behind(2, 2, others)
    assert is_behind(FOLD + 2, 1.9, others) and not is_behind(FOLD + 1, 1.9, others)
    assert not is_behind(1, 1.9, others) and not is_behind(2, 1.9, others[:4])


def test_shorter_trial_stands_with_its_last_value_and_none_of_another_fold():
    short = [{1: 0.5, 2: 0.7}] * 5
    assert is_behind(9, 0.6, short) and not is_behind(9, 0.8, short)
    assert not is_behind(FOLD + 2, 0.1, short)
