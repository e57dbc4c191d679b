"""Bins, slope and intercept say how far scores are probabilities, and over which patients."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from all_tf.metrics import reliability
from all_tf.metrics.bootstrap import Bootstrap, interval, patient_groups
from all_tf.metrics.predictions import Predictions, logistic
from all_tf.metrics.reliability import reliability_bins, slope_and_intercept

KEYS = ("calibration_slope", "calibration_intercept")


def draw(
    seed: int,
    *,
    slope: float = 1.0,
    shift: float = 0.0,
    num: int = 600,
    groups: int = 6,
    normal: tuple[float, float] = (0.0, 2.0),
):
    """Cells that are ALL with probability logistic(slope * logit + shift); logits are normal."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(*normal, num)
    labels = (rng.random(num) < logistic(slope * logits + shift)).astype(np.int64)
    names = np.arange(num).astype(str)
    patients = np.char.add(labels.astype(str), rng.integers(0, groups, num).astype(str))
    return Predictions(names, patients, patients, labels, logits)


def by_scikit_learn(predictions: Predictions, weights=None) -> list[float]:
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        predictions.logits[:, None], predictions.labels, sample_weight=weights
    )
    return [fitted.coef_[0, 0], fitted.intercept_[0]]


@pytest.mark.parametrize(("slope", "shift"), [(1, 0), (0.4, -1), (3, 2), (-0.5, 0.1)])
def test_slope_and_intercept_are_those_of_the_logistic_regression(slope, shift):
    predictions = draw(0, slope=slope, shift=shift)
    found = slope_and_intercept(predictions)
    assert [found[key] for key in KEYS] == pytest.approx(by_scikit_learn(predictions), abs=1e-4)


@pytest.mark.parametrize("mean", [-8.0, -4.0, 5.0, 12.0])
@pytest.mark.parametrize("spread", [0.3, 0.8])
def test_logits_far_from_0_have_a_slope_and_an_interval(mean, spread):
    """As of a network on the cells of another laboratory, whose scores are shifted."""
    slope = 1 / spread
    predictions = draw(0, slope=slope, shift=-slope * mean, normal=(mean, spread), groups=30)
    found = slope_and_intercept(predictions)
    assert [found[key] for key in KEYS] == pytest.approx(by_scikit_learn(predictions), rel=2e-3)
    for key in KEYS:
        assert found[f"{key}_low"] < found[key] < found[f"{key}_high"]


def test_their_intervals_are_those_of_a_slow_loop(monkeypatch):
    predictions = draw(1, num=120)
    units = patient_groups(predictions)
    bootstrap = Bootstrap(predictions, num_resamples=40)
    monkeypatch.setattr(reliability, "_NUM_STEPS", 120)
    found = slope_and_intercept(predictions, bootstrap=bootstrap)
    slow = np.array([by_scikit_learn(predictions, row[units.of_cell]) for row in bootstrap.weights])
    for column, key in enumerate(KEYS):
        expected = interval(slow[:, column], units)
        assert (found[f"{key}_low"], found[f"{key}_high"]) == pytest.approx(expected, abs=1e-3)


def test_cells_of_about_one_logit_together_change_little(monkeypatch):
    predictions = draw(2, num=2000)
    found = slope_and_intercept(predictions)
    monkeypatch.setattr(reliability, "_NUM_STEPS", 2000)
    assert found == pytest.approx(slope_and_intercept(predictions), abs=0.01)


def test_scores_that_tell_the_classes_apart_have_no_slope():
    found = slope_and_intercept(draw(3, slope=1e6))
    assert set(found.values()) == {None}
    predictions = draw(4)
    equal = replace(predictions, logits=np.zeros(600), calibrated_scores=None)
    assert set(slope_and_intercept(equal).values()) == {None}


def test_few_groups_have_a_slope_without_an_interval():
    found = slope_and_intercept(draw(5, groups=4))
    assert found["calibration_slope"] == pytest.approx(1, abs=0.3)
    assert found["calibration_slope_low"] is found["calibration_slope_high"] is None


def test_bins_are_those_of_scikit_learn_with_intervals_over_patients():
    predictions = draw(6, num=3000)
    rows = reliability_bins(predictions)
    shares, means = calibration_curve(predictions.labels, predictions.scores, n_bins=10)
    assert [row["share_all"] for row in rows] == pytest.approx(shares)
    assert [row["mean_score"] for row in rows] == pytest.approx(means)
    assert sum(row["num_images"] for row in rows) == 3000
    for row in rows:
        assert row["low"] <= row["mean_score"] <= row["high"]
        assert row["share_all_low"] < row["share_all"] < row["share_all_high"]


def test_bin_of_too_few_patients_has_no_interval():
    predictions = draw(7, num=3000)
    lonely = predictions.patients == predictions.patients[0]
    scores = np.where(lonely, 0.99, 0.5)
    rows = reliability_bins(replace(predictions, calibrated_scores=scores))
    assert [row["low"] for row in rows] == [0.5, 0.9]
    assert rows[1]["share_all_low"] is None and rows[0]["share_all_low"] is not None
