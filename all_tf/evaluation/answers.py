"""The answer for each new image: positive, negative, or none with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from all_tf.data.image_files import NewCells
from all_tf.data.known_range import name_unlike
from all_tf.data.training_range import name_departures
from all_tf.evaluation.known_cells import compare_features
from all_tf.evaluation.score_images import score_images
from all_tf.evaluation.scorers import Scorer
from all_tf.metrics.calibration import Calibration, mean_calibration
from all_tf.metrics.predictions import logistic

# Departures in single numbers that refuse; in colour, focus and scale several go together.
_SIMPLE_KINDS = ("background", "size")
# New patients have larger and smaller cells than the training patients, so that the ranges of size
# are this much wider: a third of the area, and as much of the diameter.
_WIDER = {"area": 1.3, "side": 1.3**0.5}
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


class _Opinion(NamedTuple):
    """What one network says of all images; row i of everything is one image."""

    logits: np.ndarray  # float64 (n,)
    calibrated: np.ndarray  # float64 (n,), logits after calibration.
    decisions: np.ndarray  # int64 (n,) in {0, 1}.
    reasons: list[list[str]]  # Why an image is unknown; empty where it is not.
    distances: np.ndarray  # float64 (n,), from the nearest training cell, in limits.
    nearest: Sequence[str | None]  # Pseudonym of that cell's patient.

    def decided_by(self, last: Calibration) -> "_Opinion":
        """The opinion with the decisions that a calibration of calibrated logits makes of it."""
        scores = logistic(self.calibrated / last.temperature + last.bias)
        return self._replace(decisions=(scores >= last.threshold).astype(np.int64))


def answer_cells(
    scorers: Sequence[Scorer],
    new: NewCells,
    *,
    tta: int = 1,
    calibration: Calibration | None = None,
) -> list[AnsweredCell]:
    """Answer for images, each as one cell on black; nothing is read or written.

    The answer is none where the image is outside the range of the training cells (not one cell on
    black; size, colour, focus or scale), where its features are far from those of every training
    cell, or where networks of an ensemble decide differently. An ensemble calls an image unknown
    that more than half of its networks call unknown.

    Args:
        scorers: One network or several (`all_tf.evaluation.scorers.load_scorers`).
        new: The images (`read_new_cells`, or `measure_new_cells` without files).
        tta: As `all_tf.evaluation.predict.predict` takes it.
        calibration: Of the logit of the one network, or of the mean of the calibrated logits of
            several; None for their own (`combine_calibrations`).

    Raises:
        RunError: A logit is infinite or not a number.
    """
    if not len(new.cells):
        return []
    scorers, last = _calibrated(scorers, calibration)
    opinions = [_opinion(scorer, new, tta=tta) for scorer in scorers]
    if calibration is not None:  # Where it moves the threshold, it moves that of each network.
        opinions = [each.decided_by(last) for each in opinions]
    scores = logistic(np.mean([each.logits for each in opinions], axis=0))
    mean = np.mean([each.calibrated for each in opinions], axis=0)
    probabilities = logistic(mean / last.temperature + last.bias)
    unchecked = [_NOT_COMPARED] if all(scorer.known is None for scorer in scorers) else []
    answered = []
    for place, name in enumerate(new.cells.names):
        decision = int(probabilities[place] >= last.threshold)
        reason = _reason(opinions, place)
        answered.append(
            AnsweredCell(
                str(name),
                float(scores[place]),
                float(probabilities[place]),
                last.threshold,
                decision,
                NONE if reason else (NEGATIVE, POSITIVE)[decision],
                reason,
                min(opinions, key=lambda each: each.distances[place]).nearest[place],
                new.warnings[place] + unchecked,
            )
        )
    return answered


def _opinion(scorer: Scorer, new: NewCells, *, tta: int) -> _Opinion:
    predictions, features = score_images(scorer.joined, new.cells, scorer.experiment, tta=tta)
    fitted = scorer.calibration
    reasons = [_unlike(scorer, new, place) for place in range(len(new.cells))]
    distances = np.full(len(new.cells), np.inf)
    nearest: Sequence[str | None] = [None] * len(new.cells)
    if scorer.known is not None:
        distances, nearest = compare_features(scorer.known.features, features)
        for texts, distance in zip(reasons, distances, strict=True):
            if distance > 1:
                far = "features far from every training cell"
                texts.append(f"{far}: {distance:.1f} times the limit")
    return _Opinion(
        predictions.logits,
        predictions.logits / fitted.temperature + fitted.bias,
        fitted.apply(predictions).decisions(fitted.threshold),
        reasons,
        distances,
        nearest,
    )


def _calibrated(
    scorers: Sequence[Scorer], asked: Calibration | None
) -> tuple[Sequence[Scorer], Calibration]:
    """The networks with their calibrations, and that of the mean of their calibrated logits."""
    if len(scorers) > 1:
        return scorers, asked or mean_calibration([each.calibration for each in scorers])
    own = asked or scorers[0].calibration
    return [scorers[0]._replace(calibration=own)], Calibration(threshold=own.threshold)


def _unlike(scorer: Scorer, new: NewCells, place: int) -> list[str]:
    """What of an image is outside the range of the training cells, first in single numbers."""
    ranges, features = scorer.ranges or {}, new.features[place]
    departures = name_departures(features, ranges) if ranges else []
    if scorer.known is None:
        return departures
    wider = {
        name: (low / _WIDER.get(name, 1), high * _WIDER.get(name, 1))
        for name, (low, high) in ranges.items()
    }
    far = {_kind(text) for text in (name_departures(features, wider) if ranges else [])}
    simple = [text for text in departures if _kind(text) in far.intersection(_SIMPLE_KINDS)]
    return simple + name_unlike(new.measures[place], scorer.known.range)


def _kind(text: str) -> str:
    return text.split(":")[0]


def _reason(opinions: Sequence[_Opinion], place: int) -> str:
    """Why there is no answer; empty where there is one."""
    number = len(opinions)
    refusals = [each.reasons[place] for each in opinions if each.reasons[place]]
    if 2 * len(refusals) > number:
        several = f"{len(refusals)} of {number} networks; the first: " if number > 1 else ""
        return several + "; ".join(refusals[0])
    positive = sum(int(each.decisions[place]) for each in opinions)
    if 0 < positive < number:
        return f"networks disagree: {positive} of {number} positive"
    return ""
