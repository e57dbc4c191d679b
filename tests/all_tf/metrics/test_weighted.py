"""Figures of cells that count several times are scikit-learn's of as many cells, in a slow loop."""

import numpy as np
import pytest
from sklearn import metrics

from all_tf.metrics.confusion_matrix import STREAMED_METRICS
from all_tf.metrics.weighted import NUM_BINS, weighted_metrics


def cells(seed: int, *, num_cells: int = 90, num_units: int = 12, steps: int | None = None):
    """Labels, scores (of some steps only, so that many are tied) and units."""
    rng = np.random.default_rng(seed)
    units = np.append(np.arange(num_units), rng.integers(0, num_units, num_cells - num_units))
    labels = units % 2
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.25), 0, 1)
    return labels, np.round(scores * steps) / steps if steps else scores, units


def by_scikit_learn(labels, scores, decisions, weights) -> dict[str, float]:
    of = {"sample_weight": weights}
    calls = {
        "accuracy": metrics.accuracy_score(labels, decisions, **of),
        "f1": metrics.f1_score(labels, decisions, average="weighted", zero_division=0, **of),
        "f1_macro": metrics.f1_score(labels, decisions, average="macro", zero_division=0, **of),
        "f1_all": metrics.f1_score(labels, decisions, zero_division=0, **of),
        "kappa": metrics.cohen_kappa_score(labels, decisions, **of),
        "mcc": metrics.matthews_corrcoef(labels, decisions, **of),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, decisions, **of),
        "sensitivity": metrics.recall_score(labels, decisions, **of),
        "specificity": metrics.recall_score(labels, decisions, pos_label=0, **of),
        "auc": metrics.roc_auc_score(labels, scores, **of),
        "average_precision": metrics.average_precision_score(labels, scores, **of),
        "brier": metrics.brier_score_loss(labels, scores, **of),
        "log_loss": metrics.log_loss(labels, scores, **of),
    }
    return {key: float(value) for key, value in calls.items()}


@pytest.mark.parametrize("steps", [None, 10, 3])
@pytest.mark.parametrize("seed", range(4))
def test_every_draw_equals_scikit_learn_with_sample_weights(seed, steps):
    labels, scores, units = cells(seed, steps=steps)
    decisions = (scores >= 0.45).astype(int)
    weights = np.random.default_rng(seed).integers(0, 4, (8, 12)).astype(float)
    weights[:, :2] += 1  # Both classes stay.
    found = weighted_metrics(labels, scores, decisions, unit_of_cell=units, weights=weights)
    assert set(STREAMED_METRICS) < set(found)
    for draw, row in enumerate(weights):
        for key, expected in by_scikit_learn(labels, scores, decisions, row[units]).items():
            assert found[key][draw] == pytest.approx(expected, abs=1e-9), key


def test_draws_are_the_same_however_many_are_made_at_once(monkeypatch):
    labels, scores, units = cells(5)
    weights = np.random.default_rng(0).integers(1, 4, (7, 12)).astype(float)
    some = {"unit_of_cell": units, "weights": weights}
    at_once = weighted_metrics(labels, scores, labels, **some)
    monkeypatch.setattr("all_tf.metrics.weighted._CHUNK", 1)
    one_by_one = weighted_metrics(labels, scores, labels, **some)
    for key, values in at_once.items():
        assert values.shape == (7,) and values == pytest.approx(one_by_one[key])


def test_calibration_error_is_the_gap_of_each_bin_by_its_share():
    labels, scores, units = cells(8, steps=20)
    scores[:2] = 0, 1
    found = weighted_metrics(labels, scores, labels, unit_of_cell=units, weights=np.ones((1, 12)))
    expected = 0.0
    for number in range(NUM_BINS):
        low, high = number / NUM_BINS, (number + 1) / NUM_BINS
        inside = (scores >= low) & ((scores < high) | (number == NUM_BINS - 1))
        if inside.any():
            expected += inside.mean() * abs(scores[inside].mean() - labels[inside].mean())
    assert found["ece"][0] == pytest.approx(expected)


def test_certain_and_wrong_score_costs_much_but_not_infinitely():
    labels, scores = np.array([0, 1]), np.array([1.0, 0.0])
    found = weighted_metrics(
        labels, scores, 1 - labels, unit_of_cell=np.array([0, 1]), weights=np.ones((1, 2))
    )
    assert found["log_loss"][0] == pytest.approx(metrics.log_loss(labels, scores))
    assert found["auc"][0] == 0 and found["brier"][0] == 1
