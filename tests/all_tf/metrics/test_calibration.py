"""Calibrated scores are probabilities, the threshold obeys its rule, and nothing turns round."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

from all_tf.metrics.calibration import Calibration, fit_calibration
from all_tf.metrics.predictions import Predictions, evaluate, logistic
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.folder import RunError
from all_tf.system.checks import ConfigError


def draw(seed: int, *, slope: float = 0.25, shift: float = 1.0, num: int = 6000) -> Predictions:
    """Cells that are ALL with probability logistic(slope * logit - shift)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 5, num)
    labels = (rng.random(num) < logistic(slope * logits - shift)).astype(np.int64)
    text = np.arange(num).astype(str)
    return Predictions(text, text, text, labels, logits)


def test_temperature_and_bias_undo_overconfidence_and_class_weights():
    fitted = fit_calibration(draw(0), fitted_on="train fold 0")
    assert fitted.temperature == pytest.approx(4, rel=0.1)
    assert fitted.bias == pytest.approx(-1, abs=0.1)
    assert (fitted.fitted_on, fitted.num_images, fitted.note) == ("train fold 0", 6000, "")
    fresh = draw(1)
    calibrated = fitted.apply(fresh)
    before, after = evaluate(fresh), evaluate(calibrated)
    assert after["ece"] < 0.03 < before["ece"] and after["log_loss"] < before["log_loss"]
    assert after["auc"] == pytest.approx(before["auc"], abs=1e-12)
    assert np.mean(calibrated.calibrated_scores) == pytest.approx(np.mean(fresh.labels), abs=0.02)


def test_fit_is_the_unpenalised_regression_of_the_label_on_the_logit():
    predictions = draw(2)
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        predictions.logits[:, None], predictions.labels
    )
    fitted = fit_calibration(predictions, fitted_on="")
    assert 1 / fitted.temperature == pytest.approx(plain.coef_[0, 0], rel=2e-3)
    assert fitted.bias == pytest.approx(plain.intercept_[0], abs=2e-3)


def test_classes_that_a_threshold_tells_apart_have_a_finite_slope():
    predictions = draw(3, slope=100, num=300)
    fitted = fit_calibration(predictions, fitted_on="")
    assert 1e-3 < fitted.temperature < np.inf and fitted.note == ""
    assert evaluate(fitted.apply(predictions), threshold=fitted.threshold)["kappa"] == 1


@pytest.mark.parametrize(
    ("turn", "note"), [(-1, "logits do not rise with the disease"), (0, "all logits are equal")]
)
def test_logits_that_say_nothing_are_left_as_they_are_and_that_is_said(turn, note):
    predictions = draw(4)
    predictions = replace(predictions, logits=turn * predictions.logits, calibrated_scores=None)
    fitted = fit_calibration(predictions, fitted_on="")
    assert (fitted.temperature, fitted.bias, fitted.note) == (1, 0, note)
    assert 0 <= fitted.threshold <= 1


@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_has_a_higher_kappa(seed):
    predictions = draw(seed, num=80)
    fitted = fit_calibration(predictions, fitted_on="")
    scores = fitted.apply(predictions).calibrated_scores
    kappas = [
        metrics.cohen_kappa_score(predictions.labels, scores >= threshold)
        for threshold in np.concatenate([scores, [0, 1], np.linspace(0, 1, 301)])
        if 0 < np.mean(scores >= threshold) < 1
    ]
    found = metrics.cohen_kappa_score(predictions.labels, scores >= fitted.threshold)
    assert found == pytest.approx(max(kappas)) and fitted.rule == "max kappa"


@pytest.mark.parametrize("least", [-1, 1.5, float("nan")])
def test_sensitivity_that_cannot_be_is_refused(least):
    with pytest.raises(ConfigError, match="Expected min_sensitivity of 0 to 1. Received: "):
        fit_calibration(draw(6, num=80), fitted_on="", min_sensitivity=least)


@pytest.mark.parametrize("least", [0.5, 0.95, 1.0])
def test_threshold_is_the_highest_that_reaches_the_sensitivity(least):
    predictions = draw(6, num=80)
    fitted = fit_calibration(predictions, fitted_on="", min_sensitivity=least)
    scores = fitted.apply(predictions).calibrated_scores
    assert np.mean(scores[predictions.labels == 1] >= fitted.threshold) >= least
    higher = np.min(scores[(predictions.labels == 1) & (scores >= fitted.threshold)]) + 1e-12
    assert np.mean(scores[predictions.labels == 1] >= higher) < least
    assert fitted.rule == f"sensitivity >= {least:g}"


def test_threshold_lies_between_scores_so_that_rounding_does_not_decide():
    predictions = draw(7, num=50)
    fitted = fit_calibration(predictions, fitted_on="")
    assert fitted.threshold not in fitted.apply(predictions).calibrated_scores


def test_neighbouring_numbers_have_a_threshold_too():
    scores = np.array([0.5, np.nextafter(0.5, 1)])
    logits = np.log(scores / (1 - scores))
    text = np.array(["a", "b"])
    predictions = Predictions(text, text, text, np.array([0, 1]), logits)
    fitted = fit_calibration(predictions, fitted_on="")
    assert evaluate(fitted.apply(predictions), threshold=fitted.threshold)["accuracy"] in (0.5, 1)


def test_calibration_comes_back_from_its_file_and_damage_is_named(tmp_path):
    fitted = fit_calibration(draw(8, num=200), fitted_on="train fold 2")
    write_calibration(tmp_path, fitted)
    assert read_calibration(tmp_path) == fitted
    for damaged in ('{"temperature": 0}', '{"slope": 1.0}', '{"bias": "x"}', "[]", "{"):
        (tmp_path / "calibration.json").write_text(damaged)
        with pytest.raises(RunError, match="is damaged"):
            read_calibration(tmp_path)
    with pytest.raises(RunError, match="has no calibration.json"):
        read_calibration(tmp_path / "nowhere")


def test_fit_on_one_class_is_refused():
    predictions = draw(9, num=20)
    with pytest.raises(ValueError, match="both classes"):
        fit_calibration(replace(predictions, labels=np.ones(20, np.int64)), fitted_on="")


def test_nothing_fitted_leaves_the_plain_score():
    predictions = draw(10, num=20)
    assert np.array_equal(Calibration().apply(predictions).calibrated_scores, predictions.scores)
