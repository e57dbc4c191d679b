"""Calibration of logits to probabilities, and the threshold; fitted once, on the selection set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from all_tf.metrics.confusion_matrix import metrics_from_counts
from all_tf.metrics.predictions import THRESHOLD, Predictions, logistic, require_both_classes
from all_tf.system.checks import between, of_type

NOT_CALIBRATED = "not calibrated"  # The stamp where logits carry no information.
OF_MEMBERS = "mean of the members' own, as logits"  # The rule of an ensemble's threshold.
_SURE = 1e-6  # The logit of a threshold of 0 or 1 is infinite and would decide alone.
_ROUNDING = 1e-6  # Of a float32: logits that differ by less do not differ.


@dataclass(frozen=True)
class Calibration:
    """Temperature, bias and threshold of a run; they are applied to every set, and fitted on one.

    `logistic(logit / temperature + bias)` is the calibrated score, a probability where the
    classes are as frequent as in the set that it was fitted on. Every cell of that set counts
    once, so that weights or repetitions by which the network was trained are undone.
    """

    rule: str = "none"  # By which the threshold was chosen.
    threshold: float = THRESHOLD  # A calibrated score at or above it is called positive.
    temperature: float = 1.0  # Above 0: the order of the cells stays.
    bias: float = 0.0
    fitted_on: str = ""
    num_images: int = 0
    num_groups: int = 0
    note: str = ""  # Why logits were left as they are; empty where they were not.

    def __post_init__(self):
        for field in fields(self):
            of_type(field.name, getattr(self, field.name), field.type)
        between("threshold", self.threshold, 0, 1)
        between("temperature", self.temperature, 1e-12, 1e12)
        between("bias", self.bias, -1e12, 1e12)

    @property
    def stamps(self) -> list[str]:
        """The caveats of metrics that are computed with it."""
        return [NOT_CALIBRATED] if self.note else []

    def apply(self, predictions: Predictions) -> Predictions:
        """The same predictions with calibrated scores."""
        scores = logistic(predictions.logits / self.temperature + self.bias)
        return replace(predictions, calibrated_scores=scores)


def fit_calibration(
    predictions: Predictions, *, fitted_on: str, min_sensitivity: float = 0.0
) -> Calibration:
    """Fit temperature and bias to the labels, then choose the threshold on calibrated scores.

    Args:
        predictions: Of the selection set: labelled, of both classes.
        fitted_on: The name of that set.
        min_sensitivity: In (0, 1], and the highest threshold that reaches it is chosen; or 0, and
            the threshold of the highest kappa is chosen.

    Raises:
        ValueError: A label is unpublished, only one class is there, or `min_sensitivity` is not
            in [0, 1].
    """
    require_both_classes(predictions)
    temperature, bias, note = _fit_logistic(predictions.labels, predictions.logits)
    fitted = Calibration(
        temperature=temperature,
        bias=bias,
        fitted_on=fitted_on,
        num_images=len(predictions.names),
        num_groups=len(np.unique(predictions.groups)),
        note=note,
    )
    rule, threshold = choose_threshold(fitted.apply(predictions), min_sensitivity=min_sensitivity)
    return replace(fitted, rule=rule, threshold=threshold)


def mean_calibration(calibrations: Sequence[Calibration]) -> Calibration:
    """The calibration of the mean of calibrated logits: only a threshold, as they are calibrated.

    Args:
        calibrations: Of each member of an ensemble. The threshold is the mean of theirs, as logits.
    """
    thresholds = np.clip([each.threshold for each in calibrations], _SURE, 1 - _SURE)
    mean = np.mean(np.log(thresholds) - np.log1p(-thresholds))
    return Calibration(
        rule=OF_MEMBERS,
        threshold=float(logistic(mean)),
        fitted_on=listed(each.fitted_on for each in calibrations),
        note=listed(each.note for each in calibrations if each.note),
    )


def listed(texts: Iterable[str]) -> str:
    """Different texts, each once, divided by semicolons."""
    return "; ".join(dict.fromkeys(texts))


def choose_threshold(predictions: Predictions, *, min_sensitivity: float) -> tuple[str, float]:
    """The rule for the threshold in words, and the threshold that it chooses.

    Args:
        predictions: Of the selection set: labelled, of both classes, calibrated.
        min_sensitivity: As `fit_calibration` takes it.

    Raises:
        ConfigError: It is not in [0, 1].
    """
    between("min_sensitivity", min_sensitivity, 0, 1)
    thresholds, values = _at_every_threshold(predictions.labels, predictions.calibrated_scores)
    if min_sensitivity == 0:
        rule, allowed = "max kappa", values["kappa"] == values["kappa"].max()
        # Of several the middle one: the others lie nearer to other decisions.
        chosen = np.flatnonzero(allowed)[np.count_nonzero(allowed) // 2]
    else:
        rule = f"sensitivity >= {min_sensitivity:g}"
        chosen = np.flatnonzero(values["sensitivity"] >= min_sensitivity)[0]
    return rule, float(thresholds[chosen])


def platt_targets(labels: np.ndarray) -> np.ndarray:
    """What a calibrated score is fitted to, float64 `(n,)`: Platt, 1999; see `_fit_logistic`."""
    hem, disease = np.bincount(labels, minlength=2)
    return np.where(labels == 1, (disease + 1) / (disease + 2), 1 / (hem + 2))


def _fit_logistic(labels: np.ndarray, logits: np.ndarray) -> tuple[float, float, str]:
    """Temperature, bias, and why there are none: Platt, 1999, Probabilities for SV machines.

    His targets are not 0 and 1 but 1 / (n0 + 2) and (n1 + 1) / (n1 + 2), so that a set whose
    classes a threshold separates has a finite best slope too. A slope below 0 would reverse the
    order of the cells.
    """
    from sklearn.linear_model import (
        LogisticRegression,  # Here: it takes a second, which readers of runs need not wait.
    )

    spread = float(np.std(logits))
    if spread <= _ROUNDING * max(1.0, float(np.max(np.abs(logits)))):
        return 1.0, 0.0, "all logits are equal"
    target = platt_targets(labels)
    centred = (logits - np.mean(logits)) / spread
    # A target between 0 and 1 is a cell that is there twice, once with each label, and weighted.
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        np.tile(centred, 2)[:, None],
        np.repeat([1, 0], len(labels)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    slope = float(fitted.coef_[0, 0]) / spread
    if slope <= 0:
        return 1.0, 0.0, "logits do not rise with the disease"
    return 1 / slope, float(fitted.intercept_[0]) - slope * float(np.mean(logits)), ""


def _at_every_threshold(
    labels: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Falling thresholds `(t,)`, one for each division of the cells, and the metrics there.

    Each lies midway between two scores; the last, 0, calls every cell positive.
    """
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    ends = np.flatnonzero(np.append(np.diff(scores) != 0, True))
    upper, lower = scores[ends], np.append(scores[ends][1:], 0.0)
    midway = (upper + lower) / 2
    thresholds = np.append(np.where(midway > lower, midway, upper)[:-1], 0.0)
    hits = np.cumsum(labels)[ends].astype(np.float64)
    alarms = ends + 1 - hits
    values = metrics_from_counts(alarms[-1] - alarms, alarms, hits[-1] - hits, hits, ops=np)
    return thresholds, values
