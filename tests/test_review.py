"""Labels in doubt: found where they were turned, ranked, grouped by patient, never dropped."""

import numpy as np
import pytest

from all_tf.evaluation import Predictions
from all_tf.review import (
    HARD,
    LIKELY_ERROR,
    by_patient,
    find_label_errors,
    most_doubtful,
    review_rows,
)


def predictions_of(labels, scores, patients=None) -> Predictions:
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    patients = np.array(patients or [f"p{n}" for n in range(len(labels))])
    names = np.array([f"train/{n:03}.bmp" for n in range(len(labels))])
    return Predictions(
        names,
        patients,
        patients,
        labels,
        np.log(scores / (1 - scores)),
        folds=np.arange(len(labels)) % 2,
    )


def confident_joint(labels, scores) -> list[bool]:
    """Equation 1 and 2 of the paper, cell by cell and class by class."""
    p = [(1 - score, score) for score in scores]
    mean = [np.mean([p[n][j] for n in range(len(p)) if labels[n] == j]) for j in (0, 1)]
    found = []
    for n, label in enumerate(labels):
        passing = [j for j in (0, 1) if p[n][j] >= mean[j]]
        counted_as = max(passing, key=lambda j: p[n][j]) if passing else label
        found.append(counted_as != label)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_label_errors_are_those_off_the_diagonal_of_the_confident_joint(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 200)
    scores = np.clip(rng.normal(0.35 + 0.3 * labels, 0.25), 0.01, 0.99)
    errors = find_label_errors(labels, scores)
    assert errors.tolist() == confident_joint(labels, scores)
    assert 0 < errors.sum() < 100


def test_labels_that_were_turned_are_found():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 500)
    turned = rng.random(500) < 0.1
    scores = np.clip(rng.normal(0.1 + 0.8 * truth, 0.1), 0.001, 0.999)
    rows = review_rows(predictions_of(np.where(turned, 1 - truth, truth), scores), threshold=0.5)
    found = {row["name"] for row in rows if row["why"] == LIKELY_ERROR}
    expected = {f"train/{n:03}.bmp" for n in np.flatnonzero(turned)}
    # Not all: the turned ones lower the mean that they are held against.
    assert len(found & expected) >= 0.7 * len(expected) and len(found - expected) <= 2


def test_every_cell_has_a_row_and_ranks_follow_the_probability_of_the_label():
    rng = np.random.default_rng(1)
    labels, scores = rng.integers(0, 2, 60), rng.uniform(0.01, 0.99, 60)
    rows = review_rows(predictions_of(labels, scores), threshold=0.5)
    assert {row["name"] for row in rows} == {f"train/{n:03}.bmp" for n in range(60)}
    ranked = sorted(rows, key=lambda row: row["rank"])
    assert [row["rank"] for row in ranked] == list(range(1, 61))
    confidence = [row["self_confidence"] for row in ranked]
    assert confidence == sorted(confidence)
    for row in rows:
        own = row["calibrated_score"] if row["label"] else 1 - row["calibrated_score"]
        assert row["self_confidence"] == own
        assert row["margin"] == pytest.approx(own - (1 - own))
        decided = row["calibrated_score"] >= 0.5
        assert (row["why"] == "") == (decided == row["label"]) or row["why"] == LIKELY_ERROR


def test_patient_with_the_most_likely_errors_comes_first_and_stays_together():
    labels = [1] * 6 + [0] * 6
    scores = [0.95, 0.1, 0.05, 0.97, 0.45, 0.96, 0.02, 0.98, 0.03, 0.04, 0.05, 0.02]
    patients = ["a", "b", "b", "b", "c", "a", "d", "d", "e", "e", "e", "e"]
    rows = review_rows(predictions_of(labels, scores, patients), threshold=0.5)
    assert list(dict.fromkeys(row["patient"] for row in rows))[:2] == ["b", "d"]
    groups = [row["patient"] for row in rows]
    assert groups == [p for p in dict.fromkeys(groups) for _ in range(groups.count(p))]
    why = {row["name"][6:9]: row["why"] for row in rows}
    assert [why[n] for n in ("001", "002", "007", "004", "000")] == [
        *[LIKELY_ERROR] * 3,
        HARD,
        "",
    ]
    table = by_patient(rows)
    assert [(row["patient"], row["patient_likely_errors"], row["hard"]) for row in table] == [
        ("b", 2, 0),
        ("d", 1, 0),
        ("c", 0, 1),
    ]
    assert [row["name"][6:9] for row in most_doubtful(rows, 2)] == ["002", "007"]
    assert len(most_doubtful(rows, 99)) == 4


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="both of which need labelled images"):
        find_label_errors(np.ones(3, np.int64), np.full(3, 0.5))
