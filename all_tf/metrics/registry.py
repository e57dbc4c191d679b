"""The table of metrics: what each is called, which direction is better, and where it is shown.

A row with a formula needs nothing else: the metric is streamed over every epoch (history.csv,
TensorBoard, `--monitor val_KEY`), saved in metrics.json with its interval, and shown in `places`.
The module imports nothing heavy, since the command line takes its choices from it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from all_tf.metrics import formulas
from all_tf.metrics.formulas import ConfusionCounts
from tfrecords.class_names import CNMC_CLASSES, ClassNames

SOURCES = {
    "counts": "the row's formula, of a confusion matrix",
    "epoch": "Keras, during an epoch",
    "scores": "all_tf.metrics.weighted, from calibrated scores",
    "regression": "all_tf.metrics.reliability, from calibrated logits",
}
NEEDS = {
    "both": "cells of both classes",
    "positive": "cells of the positive class",
    "negative": "cells of the negative class",
    "any": "cells of either class",
}
NEEDED_CLASS = ("negative", "positive")  # Of `NEEDS`, by label.
PLACES = {
    "progress": "the screen during a training, and first among the charts of TensorBoard",
    "report": "report.html, the model card and the table of results in TensorBoard",
    "text": "a report on the screen",
    "runs": "tables of several runs, and study.csv",
    "pair": "the comparison of two runs on the same images",
    "folds": "the table of a cross-validation's folds",
    "study": "the chart beside the study of 2021",
    "forest": "tables and plots of several sets or runs in report.html, and HParams",
}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A row of the table.

    Raises:
        ValueError: A part is missing, or is not one that is known.
    """

    key: str  # In files, options and code.
    title: str = ""  # With what it means; {positive} and {negative} stand for the classes.
    short: str = ""  # In the head of a column.
    direction: str | float = ""  # "max", "min", or the value that is best.
    source: str = "counts"  # What computes it, a key of SOURCES.
    formula: Callable[[ConfusionCounts], Any] | None = None  # Where the source is "counts".
    places: tuple[str, ...] = ("report", "text", "runs", "pair")  # Keys of PLACES.
    needs: str = "both"  # Classes that a set must have for it, a key of NEEDS.
    headline: str = ""  # On the first screen of report.html; empty where it is not there.
    plot_title: str = ""  # Above a plot of several runs; empty for `short`.

    def __post_init__(self):
        for part in ("title", "short", "direction"):
            if getattr(self, part) == "":
                raise self._error(f"has no {part}", "Give it one")
        if self.source not in SOURCES:
            raise self._error(f"has the source {self.source!r}", f"Known: {', '.join(SOURCES)}")
        if (self.source == "counts") != callable(self.formula):
            raise self._error(
                f"has {'no' if self.formula is None else 'a wrong'} formula",
                'The source "counts" needs one, a function of ConfusionCounts, and no other does',
            )
        if unknown := [place for place in self.places if place not in PLACES]:
            raise self._error(f"has the places {unknown}", f"Known: {', '.join(PLACES)}")
        if self.needs not in NEEDS:
            raise self._error(f"has the needs {self.needs!r}", f"Known: {', '.join(NEEDS)}")
        directions = ("max", "min")  # An epoch is chosen by the highest or the lowest value.
        if self.direction not in directions and (
            self.streamed or not isinstance(self.direction, int | float)
        ):
            raise self._error(f"has the direction {self.direction!r}", "Choose max or min")

    def _error(self, what: str, advice: str) -> ValueError:
        return ValueError(
            f"The metric {self.key!r} in all_tf/metrics/registry.py {what}. {advice}. "
            f"Received: {self}"
        )

    @property
    def streamed(self) -> bool:
        """Whether each epoch has it, so that an epoch may be chosen by it."""
        return self.source in ("counts", "epoch")


def _table(rows: Iterable[Metric]) -> dict[str, Metric]:
    by_key: dict[str, Metric] = {}
    for row in rows:
        if row.key in by_key:
            raise ValueError(f"Two metrics have one key. Received: {by_key[row.key]}, {row}")
        by_key[row.key] = row
    return by_key


METRICS = _table(
    [
        Metric(
            key="loss",
            title="Loss of the training, weighted as that is",
            short="loss",
            direction="min",
            needs="any",
            source="epoch",
            places=("progress",),
        ),
        Metric(
            key="accuracy",
            title="Accuracy",
            short="accuracy",
            direction="max",
            needs="any",
            formula=formulas.accuracy,
            places=("report", "text", "runs", "pair", "folds", "study"),
        ),
        Metric(
            key="f1",
            title="F1, weighted by class frequency, as the challenge scores",
            short="F1",
            direction="max",
            formula=formulas.f1_weighted,
            places=tuple(PLACES),
            headline="F1, weighted",
            plot_title="F1, weighted by class frequency",
        ),
        Metric(
            key="f1_macro",
            title="F1, plain mean of both classes",
            short="macro F1",
            direction="max",
            formula=formulas.f1_macro,
            places=("report",),
        ),
        Metric(
            key="f1_all",
            title="F1 of the disease",
            short="F1 of {positive}",
            direction="max",
            formula=formulas.f1_all,
            places=("report",),
        ),
        Metric(
            key="kappa",
            title="Cohen's kappa: agreement beyond chance",
            short="kappa",
            direction="max",
            formula=formulas.kappa,
            places=tuple(PLACES),
            headline="kappa",
        ),
        Metric(
            key="mcc",
            title="Matthews' correlation",
            short="MCC",
            direction="max",
            formula=formulas.mcc,
            places=("report",),
        ),
        Metric(
            key="balanced_accuracy",
            title="Balanced accuracy",
            short="balanced accuracy",
            direction="max",
            formula=formulas.balanced_accuracy,
        ),
        Metric(
            key="sensitivity",
            title="Sensitivity: the share of {positive} cells called {positive}",
            short="sensitivity",
            direction="max",
            needs="positive",
            formula=formulas.sensitivity,
            places=("report", "text", "runs", "pair", "folds"),
            headline="sensitivity",
        ),
        Metric(
            key="specificity",
            title="Specificity: the share of {negative} cells called {negative}",
            short="specificity",
            direction="max",
            needs="negative",
            formula=formulas.specificity,
            places=("report", "text", "runs", "pair", "folds"),
            headline="specificity",
        ),
        Metric(
            key="auc",
            title="AUROC: how often a cell of {positive} scores above one of {negative}",
            short="AUROC",
            direction="max",
            source="scores",
            places=("report", "text", "runs", "pair", "folds", "forest"),
            headline="AUROC",
        ),
        Metric(
            key="average_precision",
            title="Average precision for the disease",
            short="average precision",
            direction="max",
            source="scores",
            places=("report", "text", "pair"),
        ),
        Metric(
            key="brier",
            title="Brier score; 0 is best",
            short="Brier score",
            direction="min",
            needs="any",
            source="scores",
            places=("report", "text", "pair"),
        ),
        Metric(
            key="log_loss",
            title="Log loss, in nats; 0 is best",
            short="log loss",
            direction="min",
            needs="any",
            source="scores",
        ),
        Metric(
            key="ece",
            title="Expected calibration error; 0 is best",
            short="ECE",
            direction="min",
            needs="any",
            source="scores",
            places=("report", "text"),
        ),
        Metric(
            key="calibration_slope",
            title="Calibration slope; 1 is best, below it scores are too extreme",
            short="slope",
            direction=1,
            source="regression",
            places=("report", "text"),
        ),
        Metric(
            key="calibration_intercept",
            title="Calibration intercept; 0 is best, below it too many are called {positive}",
            short="intercept",
            direction=0,
            source="regression",
            places=("report", "text"),
        ),
    ]
)


def shown_in(
    place: str, *, first: Sequence[str] = (), classes: ClassNames = CNMC_CLASSES
) -> dict[str, Metric]:
    """The metrics that a place shows, by key, in the order of the table.

    Args:
        place: A key of `PLACES`.
        first: Keys that come before the others, in this order; those not shown there are skipped.
        classes: What titles call the classes.
    """
    keys = [key for key, metric in METRICS.items() if place in metric.places]
    ordered = [key for key in first if key in keys]
    return {key: _titled(METRICS[key], classes) for key in dict.fromkeys(ordered + keys)}


def _titled(metric: Metric, classes: ClassNames) -> Metric:
    names = classes._asdict()
    return replace(metric, title=metric.title.format(**names), short=metric.short.format(**names))
