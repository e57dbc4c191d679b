"""Finished runs side by side: the figures each is judged by, and whether they can be compared."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from all_tf.config import Experiment
from all_tf.runs import (
    METRICS_FILE,
    PREDICTIONS_FILE,
    evaluation_folder,
    read_config,
    read_metrics,
    set_name,
)
from all_tf.tables import Column, decimal, markdown, per_cent, whole

FIGURES = (
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
    Column("accuracy", "accuracy", per_cent),
    Column("F1", "f1", per_cent),
    Column("kappa", "kappa", per_cent),
    Column("AUC", "auc", per_cent),
    Column("parameters", "num_parameters", whole),
    Column("images/s", "images_per_second", decimal),
    Column("epoch", "best_epoch", whole),
    Column("chosen on", "selected_on"),
    Column("stamps", "stamps"),
)


@dataclass(frozen=True)
class Scored:
    """A finished run with the report that it is judged by."""

    name: str
    experiment: Experiment
    report: dict  # As a metrics.json holds it.
    images: frozenset[str]  # Names of those it was scored on.

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
            **{key: report.get(key) for key in (*FIGURES, *COST)},
        }


def read_scored(run: Path, *, name: str | None = None) -> Scored:
    """A run with its report on the preliminary phase, filed apart where nothing was chosen on that.

    Without one, with its report on the set that its epoch was chosen on, which is stamped so.

    Args:
        run: The run's folder.
        name: What tables call it; the folder's path by default.

    Raises:
        RunError: There is no run, or it has not ended.
    """
    experiment, _ = read_config(run)
    chosen = read_metrics(run)
    apart = evaluation_folder(run, "validation", None)
    folder = apart if (apart / METRICS_FILE).is_file() else run
    report = {key: chosen.get(key) for key in COST} | read_metrics(folder)
    with (folder / PREDICTIONS_FILE).open(newline="", encoding="utf-8") as file:
        images = frozenset(row["name"] for row in csv.DictReader(file))
    return Scored(name or str(run), experiment, report, images)


def compare(runs: Sequence[Scored]) -> str:
    """The runs as a Markdown table, figures in per cent, and a warning where they differ in images.

    Args:
        runs: Not empty.
    """
    table = markdown([run.row() for run in runs], _COLUMNS)
    warning = warn_of_different_images(runs)
    return table + (f"\n\n{warning}" if warning else "")


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
