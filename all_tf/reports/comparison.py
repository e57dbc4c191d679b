"""Finished runs side by side: the figures each is judged by, and whether they can be told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.metrics.formatting import basis_of_intervals, not_estimable, thousandths, with_interval
from all_tf.metrics.paired import Difference, ScoredRun, paired_differences
from all_tf.runs.folder import (
    CROSS_VALIDATION_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    evaluation_folder,
    experiment_of,
    is_cross_validation,
    read_config,
    read_json,
    read_metrics,
    set_name,
)
from all_tf.runs.out_of_fold import out_of_fold_folder
from all_tf.runs.prediction_files import read_predictions
from all_tf.system.tables import Column, decimal, markdown, per_cent, whole

COMPARED_METRICS = (
    "accuracy",
    "f1",
    "kappa",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "auc",
    "log_loss",
)
COST = ("num_parameters", "images_per_second")  # Of the run; older ones have neither.
_COLUMNS = (
    Column("run", "run"),
    Column("arch", "arch"),
    Column("set", "set"),
    Column("images", "num_images", whole),
    Column("patients", "num_patients", whole),
    Column("accuracy", "accuracy"),
    Column("F1", "f1"),
    Column("kappa", "kappa"),
    Column("AUC", "auc"),
    Column("intervals", "intervals"),
    Column("parameters", "num_parameters", whole),
    Column("images/s", "images_per_second", decimal),
    Column("epoch", "best_epoch", whole),
    Column("chosen on", "selected_on"),
    Column("stamps", "stamps"),
)


_COMPARED = (
    "f1",
    "kappa",
    "accuracy",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "auc",
    "average_precision",
    "brier",
    "log_loss",
)
_DIFFERENCE_COLUMNS = (
    Column("figure", "figure"),
    Column("A", "first"),
    Column("B", "second"),
    Column("A - B", "difference"),
    Column("interval", "interval"),
    Column("p", "p_value"),
    Column("verdict", "verdict"),
)


@dataclass(frozen=True)
class Scored:
    """A finished run with the report that it is judged by."""

    name: str
    experiment: Experiment
    report: dict  # As a metrics.json holds it.
    judged: ScoredRun  # What it says of the images that it was scored on.

    @property
    def images(self) -> frozenset[str]:
        """Their names."""
        return frozenset(self.judged.predictions.names.tolist())

    def row(self) -> dict[str, object]:
        """Its line in a table: what it is, where it was scored, figures; None for one it lacks."""
        report = self.report
        return {
            "run": self.name,
            "arch": self.experiment.arch,
            "protocol": self.experiment.protocol,
            "set": set_name(report["split"], report["fold"]),
            "num_images": report["num_images"],
            "num_patients": report["num_patients"],
            "selected_on": report["selected_on"],
            "best_epoch": report["best_epoch"],
            "stamps": "; ".join(report["stamps"]),
            "num_groups_all": report["num_groups_all"],
            "num_groups_hem": report["num_groups_hem"],
            **{key: report.get(key) for figure in COMPARED_METRICS for key in ends(figure)},
            **{key: report.get(key) for key in COST},
        }


def ends(key: str) -> tuple[str, str, str]:
    """The keys of a figure and of its interval."""
    return key, f"{key}_low", f"{key}_high"


def shown(row: Mapping[str, object]) -> dict[str, object]:
    """A row as a table shows it: figures in per cent, their intervals, what those rest on.

    Args:
        row: As `Scored.row` gives it.
    """
    if not_estimable(row):  # Once in a row, in a column of its own.
        texts = {key: per_cent(row[key]) for key in COMPARED_METRICS}
    else:
        texts = {key: with_interval(row, key, show=per_cent) for key in COMPARED_METRICS}
    return {**row, **texts, "intervals": basis_of_intervals(row)}


def read_scored(run: Path, *, name: str | None = None) -> Scored:
    """A run with its report on the preliminary phase, filed apart where nothing was chosen on that.

    Without one, with its report on the set that its epoch was chosen on, which is stamped so. A
    cross-validation is judged by what its networks say of the folds that they have not met.

    Args:
        run: The run's folder, or a cross-validation's.
        name: What tables call it; the folder's path by default.

    Raises:
        RunError: There is no run, or it has not ended.
    """
    if is_cross_validation(run):
        experiment = experiment_of(read_json(run / CROSS_VALIDATION_FILE)["experiment"])
        folder, cost = out_of_fold_folder(run), {}
    else:
        experiment, _ = read_config(run)
        chosen, apart = read_metrics(run), evaluation_folder(run, "validation", None)
        folder = apart if (apart / METRICS_FILE).is_file() else run
        cost = {key: chosen.get(key) for key in COST}
    report = cost | read_metrics(folder)
    predictions = read_predictions(folder / PREDICTIONS_FILE)
    return Scored(name or str(run), experiment, report, ScoredRun(predictions, report["threshold"]))


def comparison_table(runs: Sequence[Scored]) -> str:
    """The runs as a Markdown table, figures in per cent, and a warning where they differ in images.

    Args:
        runs: Not empty.
    """
    table = markdown([shown(run.row()) for run in runs], _COLUMNS)
    warning = warn_of_different_images(runs)
    return table + (f"\n\n{warning}" if warning else "")


def compare_pair(first: Scored, second: Scored) -> str:
    """Two runs on the same images: differences, their intervals and p-values, and what they tell.

    Raises:
        PairError: The images are not the same, or were packed anew.
    """
    found = paired_differences(first.judged, second.judged)
    reason = not_estimable(first.report)
    rows = [_difference_row(key, found[key], reason) for key in _COMPARED]
    ahead = {
        run.name: [key for key in _COMPARED if found[key].better == sign]
        for sign, run in ((1, first), (-1, second))
    }
    return "\n\n".join(
        [
            f"A is {first.name}, B is {second.name}: the same {len(first.images):,} images, "
            f"{first.report['num_groups_all']} ALL and {first.report['num_groups_hem']} HEM groups "
            "of patients.",
            markdown(rows, _DIFFERENCE_COLUMNS),
            "Intervals of 95 % by drawing groups within class. p: how often a difference as large "
            "comes up where a coin decides for each group which run is which; none for AUC and "
            "average precision. Of twenty figures one differs by chance.",
            _verdict(ahead, reason),
        ]
    )


def _difference_row(key: str, difference: Difference, reason: str) -> dict[str, str]:
    low, high, p_value = difference.low, difference.high, difference.p_value
    return {
        "figure": key,
        "first": thousandths(difference.first),
        "second": thousandths(difference.second),
        "difference": _signed(difference.first - difference.second),
        "interval": reason if low is None else f"{_signed(low)} to {_signed(high)}",
        "p_value": None if p_value is None else thousandths(p_value),
        "verdict": {1: "A is better", -1: "B is better", 0: "cannot be told apart"}[
            difference.better
        ],
    }


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _verdict(ahead: Mapping[str, list[str]], reason: str) -> str:
    first, second = ahead
    if reason:
        return f"{first} and {second} cannot be told apart: {reason}."
    if not any(ahead.values()):
        return f"{first} and {second} cannot be told apart."
    return " ".join(
        f"{name} is better by {', '.join(keys)}." for name, keys in ahead.items() if keys
    )


def warn_of_different_images(runs: Sequence[Scored]) -> str:
    """A line that says which runs were scored on which images; nothing if on the same."""
    names_of_images: dict[frozenset[str], list[str]] = {}
    for run in runs:
        names_of_images.setdefault(run.images, []).append(run.name)
    if len(names_of_images) < 2:
        return ""
    sides = "; ".join(
        f"{', '.join(names)} on {len(images):,}" for images, names in names_of_images.items()
    )
    return (
        "WARNING: not scored on the same images, so these figures cannot be compared across "
        f"them: {sides}."
    )
