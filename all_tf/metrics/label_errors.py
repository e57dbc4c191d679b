"""Labels that may be wrong and cells that are hard, ranked for a person to review."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from all_tf.metrics.formatting import with_interval
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.pseudonyms import pseudonyms
from all_tf.system.tables import Column, markdown, whole

_COLUMNS = (
    Column("patient", "pseudonym"),
    Column("cells", "patient_cells", whole),
    Column("likely label errors", "patient_likely_errors", whole),
    Column("hard", "hard", whole),
)
LIKELY_ERROR, HARD = "likely label error", "hard"
_CLEAR = 0.5  # Of the way from the threshold to certainty; nearer scores accuse no label.
_GOOD, _WEAK = 0.9, 0.7  # AUROC: from the first on, and below the second.


def review_rows(predictions: Predictions, *, threshold: float) -> list[dict[str, Any]]:
    """A row for every cell, grouped by patient.

    Label errors are found by confident learning (Northcutt et al., 2021, arXiv:1911.00068,
    equations 1 and 2): a cell is a likely label error where its probability of the other class is
    at least the mean of the cells labelled so, and, if its own label passes the same test, higher.
    Its score must also be clear (`is_clear`): a network that can hardly decide accuses no label.
    A cell's label is its patient's: where most cells of a patient look wrong, either all labels of
    the patient are wrong, or the network fails on this patient.

    Args:
        predictions: Labelled; of networks that were trained on none of these patients.
        threshold: A calibrated score at or above it is called positive.

    Returns:
        `rank` (1 is the least likely label of all), `name`, `patient`, `pseudonym`, `group`,
        `label`, `fold` (None if there is none), `calibrated_score`, `self_confidence` (the
        probability of the label), `margin` (that minus the other's), `why`: `LIKELY_ERROR`, `HARD`
        where the decision goes against the label without that, or empty; `patient_cells` and
        `patient_likely_errors`. Patients with the most likely errors come first, within a patient
        the lowest ranks.
    """
    labels, scores = predictions.labels, predictions.calibrated_scores
    confidence = np.where(labels == 1, scores, 1 - scores)
    errors = find_label_errors(labels, scores) & is_clear(labels, scores, threshold=threshold)
    wrong = predictions.decisions(threshold) != labels
    order = np.lexsort((predictions.names, confidence))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    cells = Counter(predictions.patients.tolist())
    errors_of = Counter(predictions.patients[errors].tolist())
    names = pseudonyms(predictions.patients, labels, classes=predictions.classes)
    rows: list[dict[str, Any]] = [
        {
            "rank": int(rank[n]),
            "name": str(predictions.names[n]),
            "patient": (patient := str(predictions.patients[n])),
            "pseudonym": names[patient],
            "group": str(predictions.groups[n]),
            "label": int(labels[n]),
            "fold": int(predictions.folds[n]) if predictions.folds[n] >= 0 else None,
            "calibrated_score": float(scores[n]),
            "self_confidence": float(confidence[n]),
            "margin": float(2 * confidence[n] - 1),
            "why": LIKELY_ERROR if errors[n] else HARD if wrong[n] else "",
            "patient_cells": cells[patient],
            "patient_likely_errors": errors_of[patient],
        }
        for n in order
    ]
    first = {row["patient"]: row["rank"] for row in reversed(rows)}
    return sorted(rows, key=lambda row: (-row["patient_likely_errors"], first[row["patient"]]))


def find_label_errors(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Which labels are off the diagonal of the confident joint: bool `(n,)`.

    Args:
        labels: int64 `(n,)` in {0, 1}.
        scores: Probabilities of 1, float64 `(n,)`.

    Raises:
        ValueError: Only one class is there.
    """
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError(
            "Label errors are sought between two classes, both of which need labelled images. "
            f"Received: labels={np.unique(labels).tolist()}"
        )
    probabilities = np.stack([1 - scores, scores])
    usual = [probabilities[label, labels == label].mean() for label in (0, 1)]
    own, other = (probabilities[which, np.arange(len(labels))] for which in (labels, 1 - labels))
    usual_own, usual_other = np.take(usual, labels), np.take(usual, 1 - labels)
    return (other >= usual_other) & ((own < usual_own) | (other > own))


def is_clear(labels: np.ndarray, scores: np.ndarray, *, threshold: float) -> np.ndarray:
    """Which scores go clearly against the label: bool `(n,)`.

    They are at least halfway from the threshold to certainty of the other class.

    Args:
        labels: int64 `(n,)` in {0, 1}.
        scores: Probabilities of 1, float64 `(n,)`.
        threshold: A score at or above it is called positive.
    """
    above = threshold + _CLEAR * (1 - threshold)
    return np.where(labels == 0, scores >= above, scores < threshold * (1 - _CLEAR))


def describe_trust(report: Mapping[str, Any]) -> str:
    """How far a ranking can be trusted: AUROC, threshold, and what they mean, in sentences.

    Args:
        report: Of the scored set, as metrics.json holds it.
    """
    auc = report.get("auc")
    area = "not estimable" if auc is None else with_interval(report, "auc")
    return (
        f"AUROC {area}; threshold {report['threshold']:.3f}. {_meaning(auc)} A likely label "
        "error has a probability at least halfway from the threshold to certainty of the other "
        "class; what lies nearer is called hard."
    )


def _meaning(auc: float | None) -> str:
    if auc is None or auc < _WEAK:
        return (
            "These networks hardly tell the classes apart: expect their own mistakes on this list, "
            "not wrong labels."
        )
    if auc < _GOOD:
        return (
            "These networks often err: most cells on this list are their mistakes, and only a "
            "person can find the wrong labels among them."
        )
    return "Even so, the list holds mistakes of the networks beside wrong labels."


def by_patient(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each patient who has a likely error or a hard cell, in the order of the rows."""
    hard = Counter(row["patient"] for row in rows if row["why"] == HARD)
    firsts = {row["patient"]: row for row in reversed(rows)}
    shown = ("pseudonym", "patient", "label", "patient_cells", "patient_likely_errors")
    patients = dict.fromkeys(row["patient"] for row in rows)
    return [
        {key: firsts[patient][key] for key in shown} | {"hard": hard[patient]}
        for patient in patients
        if hard[patient] or firsts[patient]["patient_likely_errors"]
    ]


def describe_review(rows: Sequence[Mapping[str, Any]], *, most: int) -> str:
    """The number of cells in doubt, and their patients, as text.

    Args:
        rows: Of `review_rows`.
        most: Patients that are shown.
    """
    reasons = Counter(row["why"] for row in rows)
    counts = f"{len(rows):,} cells: {reasons[LIKELY_ERROR]:,} likely label errors, "
    lines = [f"{counts}{reasons[HARD]:,} hard; none was changed."]
    patients = by_patient(rows)
    if patients:
        lines.append(markdown(patients[:most], _COLUMNS))
    if len(patients) > most:
        lines.append(f"and {len(patients) - most} more patients in review.csv")
    return "\n".join(lines)


def most_doubtful(rows: Sequence[Mapping[str, Any]], number: int) -> list[Mapping[str, Any]]:
    """The rows in doubt with the lowest ranks, in the order of `rows`: grouped by patient."""
    reasons = sorted(row["rank"] for row in rows if row["why"])[:number]
    return [row for row in rows if row["rank"] in set(reasons)]
