"""The cells a run was most wrong about."""

from typing import NamedTuple

import numpy as np

from all_tf.pages.facts import ScoredSet

_TITLES = {1: "ALL called HEM: leukaemia that was missed", 0: "HEM called ALL: false alarms"}


class Mistake(NamedTuple):
    """A cell that was called wrongly."""

    name: str  # Holds the patient's id: not for pages.
    patient: str  # A pseudonym.
    score: float


class Mistakes(NamedTuple):
    """Those of one class."""

    title: str
    worst: list[Mistake]  # The most confident ones, worst first.
    number: int  # Of all.


def worst_mistakes(scored: ScoredSet, *, most: int) -> list[Mistakes]:
    """The wrongly called cells of either class, leukaemia first.

    Args:
        scored: A set with labels.
        most: How many of each class are named.
    """
    predictions, scores = scored.predictions, scored.predictions.calibrated_scores
    wrong = predictions.decisions(scored.report["threshold"]) != predictions.labels
    pseudonym_of = {row["patient"]: row["pseudonym"] for row in scored.patients}
    found = []
    for label, title in _TITLES.items():
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
        found.append(Mistakes(title, worst, len(indices)))
    return found
