"""Patients are dealt to parts, and no cell is scored by a calibration that has seen its patient."""

import numpy as np
import pytest
from sklearn import metrics

from all_tf.metrics.calibration import Calibration, fit_calibration
from all_tf.metrics.cross_fitting import MEASURED, cross_fit, decide, divide_patients, measure
from all_tf.metrics.predictions import Predictions


def draw(patients: int = 12, cells: int = 20, seed: int = 0, labels=None) -> Predictions:
    """Cells of patients who take turns in their class, with logits that are far too confident."""
    rng = np.random.default_rng(seed)
    who = np.repeat([f"p{n:02}" for n in range(patients)], cells)
    labels = np.repeat(np.arange(patients) % 2, cells) if labels is None else labels
    logits = 4 * (2 * labels - 1 + rng.normal(0, 1.5, len(who))) + 6
    return Predictions(np.array([f"{n}.png" for n in range(len(who))]), who, who, labels, logits)


def test_each_part_has_patients_of_both_classes_and_no_patient_is_in_two():
    cells = draw(patients=14)
    parts = divide_patients(cells)
    assert len(set(zip(cells.groups, parts, strict=True))) == 14
    assert set(parts) == set(range(5))
    for part in range(5):
        assert set(cells.labels[parts == part]) == {0, 1}


def test_parts_are_of_like_size():
    sizes = [80, 10, 10, 10, 10, 10, 60, 10, 10, 10, 10, 10]
    who = np.repeat([f"p{n:02}" for n in range(12)], sizes)
    labels = np.repeat(np.arange(12) >= 6, sizes).astype(np.int64)
    counts = np.bincount(divide_patients(Predictions(who, who, who, labels, np.zeros(len(who)))))
    assert counts.max() == 100  # The two large patients are in two parts.


@pytest.mark.parametrize("patients", [2, 3])
def test_one_patient_of_a_class_is_too_few(patients):
    with pytest.raises(ValueError, match="each class needs two patients at least"):
        divide_patients(draw(patients=patients))
    assert set(divide_patients(draw(patients=4))) == {0, 1}


def test_classes_that_cannot_be_held_apart_are_refused():
    who = np.repeat(["a", "b", "c"], [10, 12, 20])  # HEM alone, both, ALL alone.
    labels = np.concatenate([np.zeros(13, np.int64), np.ones(29, np.int64)])
    with pytest.raises(ValueError, match="cannot be held apart"):
        divide_patients(Predictions(who, who, who, labels, np.zeros(42)))


def test_scores_of_a_part_are_those_of_a_fit_without_it():
    cells = draw()
    parts = divide_patients(cells)
    crossed = cross_fit(cells, parts, min_sensitivity=0.0)
    held = parts == 2
    fitted = fit_calibration(cells.take(~held), fitted_on="others")
    scores, decisions = decide(cells.take(held), fitted)
    np.testing.assert_array_equal(crossed.scores[held], scores)
    np.testing.assert_array_equal(crossed.decisions[held], decisions)


def test_labels_of_a_part_do_not_change_its_own_scores():
    cells = draw()
    parts = divide_patients(cells)
    labels = np.where(parts == 1, 1 - cells.labels, cells.labels)
    other = Predictions(cells.names, cells.patients, cells.groups, labels, cells.logits)
    one, two = (cross_fit(each, parts, min_sensitivity=0.0) for each in (cells, other))
    np.testing.assert_array_equal(one.scores[parts == 1], two.scores[parts == 1])
    assert not np.allclose(one.scores[parts != 1], two.scores[parts != 1])


def test_metrics_are_scikit_learns_and_intervals_hold_them():
    cells = draw()
    decided = decide(cells, Calibration(temperature=4.0, bias=-1.5, threshold=0.4))
    found = measure(cells, decided)
    assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(cells.labels, decided[1]))
    assert found["f1"] == pytest.approx(
        metrics.f1_score(cells.labels, decided.decisions, average="weighted")
    )
    assert found["log_loss"] == pytest.approx(metrics.log_loss(cells.labels, decided.scores))
    for key in MEASURED:
        assert found[f"{key}_low"] <= found[f"{key}_high"]


def test_fitting_repairs_what_is_shifted_and_too_confident():
    cells = draw()
    before = measure(cells, decide(cells, Calibration()))
    crossed = cross_fit(cells, divide_patients(cells), min_sensitivity=0.0)
    after = measure(cells, crossed)
    assert after["log_loss"] < before["log_loss"] / 2 and after["ece"] < before["ece"]
    assert after["kappa"] > before["kappa"] + 0.1
