"""A set that a run was scored on: its numbers of cells and patients, and the worst mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from all_tf.metrics.predictions import Predictions
from tfrecords.class_names import CNMC_CLASSES, ClassNames


@dataclass(frozen=True)
class Count:
    """The numbers of cells and patients of each class."""

    all_cells: int
    all_patients: int
    hem_cells: int
    hem_patients: int

    @property
    def cells(self) -> int:
        """The number of cells of both classes."""
        return self.all_cells + self.hem_cells

    @property
    def patients(self) -> int:
        """The number of patients of both classes; a patient has one class."""
        return self.all_patients + self.hem_patients


@dataclass(frozen=True)
class ScoredSet:
    """A set that a run was scored on, with its report."""

    report: dict  # As its metrics.json holds it.
    predictions: Predictions
    patients: list[dict]  # As per_patient.csv has them, the worst first.

    @property
    def count(self) -> Count:
        """The numbers of its cells and patients."""
        predictions = self.predictions
        return count(list(zip(predictions.labels.tolist(), predictions.patients, strict=True)))


def count(cells: Sequence[tuple[int, str]]) -> Count:
    """Count cells, each given as label and patient."""
    patients = {label: {who for mine, who in cells if mine == label} for label in (0, 1)}
    labels = [label for label, _ in cells]
    return Count(labels.count(1), len(patients[1]), labels.count(0), len(patients[0]))


class Mistake(NamedTuple):
    """A cell that was classified wrongly."""

    name: str  # It contains the patient's id, so that no page may show it.
    patient: str  # A pseudonym.
    score: float


class Mistakes(NamedTuple):
    """The mistakes about cells of one class."""

    title: str
    worst: list[Mistake]  # The most confident ones, worst first.
    number: int  # Of all mistakes about the class.


def worst_mistakes(scored: ScoredSet, *, most: int) -> list[Mistakes]:
    """The wrongly classified cells of either class, the positive one first.

    Args:
        scored: A set with labels.
        most: How many of each class are named.
    """
    predictions, scores = scored.predictions, scored.predictions.calibrated_scores
    wrong = predictions.decisions(scored.report["threshold"]) != predictions.labels
    pseudonym_of = {row["patient"]: row["pseudonym"] for row in scored.patients}
    found = []
    for label in (1, 0):
        indices = np.flatnonzero(wrong & (predictions.labels == label))
        indices = indices[np.argsort(-np.abs(scores[indices] - label), kind="stable")]
        worst = [
            Mistake(
                str(predictions.names[index]),
                pseudonym_of[predictions.patients[index]],
                float(scores[index]),
            )
            for index in indices[:most]
        ]
        found.append(Mistakes(_title(label, predictions.classes), worst, len(indices)))
    return found


def _title(label: int, classes: ClassNames) -> str:
    """The kind of mistakes about cells of a label."""
    missed = "leukaemia that was missed" if classes == CNMC_CLASSES else "missed"
    kind = missed if label == 1 else "false alarms"
    return f"{classes[label]} called {classes[1 - label]}: {kind}"
