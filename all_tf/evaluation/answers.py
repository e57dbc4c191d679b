"""The answer for each new image: positive, negative, or none with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from all_tf.data.image_files import NewCells
from all_tf.data.known_range import name_unlike
from all_tf.data.training_range import name_departures
from all_tf.evaluation.ensemble import combine_calibrations
from all_tf.evaluation.known_cells import compare_features
from all_tf.evaluation.predict import batches_to_score, predict_with_features
from all_tf.evaluation.scorers import Scorer
from all_tf.metrics.predictions import logistic

POSITIVE, NEGATIVE, NONE = "positive", "negative", "none"
_NOT_COMPARED = "features not compared with the training cells: the run has none of them"


@dataclass(frozen=True)
class AnsweredCell:
    """What a network, or several together, say of one image."""

    name: str
    score: float  # The logistic function of the logit, in [0, 1].
    probability: float  # The score after calibration, in [0, 1].
    threshold: float  # At and above which a probability is positive.
    decision: int  # 1 if it is, whether or not that is the answer.
    answer: str  # POSITIVE, NEGATIVE or NONE.
    reason: str  # Why it is none; empty for the others.
    nearest_patient: str | None  # Pseudonym of the patient of the nearest training cell.
    warnings: list[str]


class _Scored:
    """The opinions of one network on all images."""

    def __init__(self, scorer: Scorer, new: NewCells, *, tta: int):
        batches = batches_to_score(new.cells, scorer.experiment, title="images")
        predictions, features = predict_with_features(scorer.model, batches, new.cells, tta=tta)
        fitted = scorer.calibration
        self.logits = predictions.logits
        self.calibrated = predictions.logits / fitted.temperature + fitted.bias
        self.decisions = fitted.apply(predictions).decisions(fitted.threshold)
        self.reasons = [_unlike(scorer, new, place) for place in range(len(new.cells))]
        self.nearest: list[str | None] = [None] * len(new.cells)
        self.distances = np.full(len(new.cells), np.inf)
        if scorer.known is not None:
            self.distances, self.nearest[:] = compare_features(scorer.known.features, features)
            for reasons, distance in zip(self.reasons, self.distances, strict=True):
                if distance > 1:
                    far = "features far from every training cell"
                    reasons.append(f"{far}: {distance:.1f} x limit")


def answer_cells(scorers: Sequence[Scorer], new: NewCells, *, tta: int = 1) -> list[AnsweredCell]:
    """Answer for images, each as one cell on black; nothing is read or written.

    The answer is none where the image is outside the range of the training cells (not one cell on
    black; size, colour, focus or scale), where its features are far from those of every training
    cell, or where networks of an ensemble decide differently. An ensemble calls an image unknown
    that more than half of its networks call unknown.

    Args:
        scorers: One network or several (`all_tf.evaluation.scorers.load_scorers`).
        new: The images (`read_new_cells`, or `measure_new_cells` without files).
        tta: As `all_tf.evaluation.predict.predict` takes it.

    Raises:
        RunError: A logit is infinite or not a number.
    """
    if not len(new.cells):
        return []
    scored = [_Scored(scorer, new, tta=tta) for scorer in scorers]
    calibrations = [scorer.calibration for scorer in scorers]
    one = len(scorers) == 1
    threshold = (calibrations[0] if one else combine_calibrations(calibrations)).threshold
    scores = logistic(np.mean([each.logits for each in scored], axis=0))
    probabilities = logistic(np.mean([each.calibrated for each in scored], axis=0))
    unchecked = [_NOT_COMPARED] if all(scorer.known is None for scorer in scorers) else []
    answered = []
    for place, name in enumerate(new.cells.names):
        decision = int(probabilities[place] >= threshold)
        reason = _reason(scored, place)
        answered.append(
            AnsweredCell(
                str(name),
                float(scores[place]),
                float(probabilities[place]),
                float(threshold),
                decision,
                NONE if reason else (NEGATIVE, POSITIVE)[decision],
                reason,
                min(scored, key=lambda each: each.distances[place]).nearest[place],
                new.warnings[place] + unchecked,
            )
        )
    return answered


def _unlike(scorer: Scorer, new: NewCells, place: int) -> list[str]:
    """What of an image is outside the range of the training cells; of its background first."""
    departures = (
        [] if scorer.ranges is None else name_departures(new.features[place], scorer.ranges)
    )
    if scorer.known is None:
        return departures
    background = [text for text in departures if text.startswith("background")]
    return background + name_unlike(new.measures[place], scorer.known.range)


def _reason(scored: Sequence[_Scored], place: int) -> str:
    """Why there is no answer; empty where there is one."""
    refusals = [each.reasons[place] for each in scored if each.reasons[place]]
    if 2 * len(refusals) > len(scored):
        text = "; ".join(refusals[0])
        several = f"{len(refusals)} of {len(scored)} networks; the first: "
        return text if len(scored) == 1 else several + text
    positive = sum(int(each.decisions[place]) for each in scored)
    if 0 < positive < len(scored):
        return f"networks disagree: {positive} of {len(scored)} positive"
    return ""
