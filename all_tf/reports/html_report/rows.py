"""Rows and columns of the tables that a page and a model card show."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from sklearn import metrics

from all_tf.config.presets import departures
from all_tf.config.published_results import COMPARATORS, REPORTED
from all_tf.metrics.formatting import (
    basis_of_intervals,
    interval_text,
    not_estimable,
    signed,
    thousandths,
    with_interval,
)
from all_tf.metrics.registry import shown_in
from all_tf.metrics.scored_set import ScoredSet
from all_tf.reports.html_report.prose import describe_set, name_set
from all_tf.reports.run_facts import RunFacts
from all_tf.runs.records_label import is_cnmc, records_label
from all_tf.system.tables import Column, decimal, per_cent, whole
from tfrecords.class_names import class_names_of


class Confused(NamedTuple):
    """A cell of a confusion matrix."""

    number: int
    share: float  # Of the cells of its row.
    right: bool


Rows = list[dict[str, object]]

_FIRST = ("f1", "kappa", "auc")
HEADLINE = {  # The metrics on the first screen, and what they are called there.
    key: metric.headline
    for key, metric in shown_in("report", first=_FIRST).items()
    if metric.headline
}
_FIGURES_FIRST = (*HEADLINE, "accuracy", "balanced_accuracy", "f1_all")
BESIDE_COLUMNS = (
    Column("work", "work"),
    Column("F1", "f1", decimal),
    Column("kappa", "kappa", decimal),
    Column("accuracy", "accuracy", decimal),
    Column("AUROC", "auc", decimal),
    Column("tested on", "tested_on"),
    Column("caveat", "caveat"),
)
PROBE_COLUMNS = (
    Column("score", "what"),
    Column("AUROC", "auc"),
    Column("kappa", "kappa"),
    Column("AUROC of the network minus this", "margin"),
)
RANDOMISED_COLUMNS = (
    Column("random weights in", "layers"),
    Column("rank correlation", "rank_correlation", "{:.2f}".format),
    Column("lowest", "lowest", "{:.2f}".format),
    Column("highest", "highest", "{:.2f}".format),
)
IDENTITY_COLUMNS = (
    Column("patients of", "class"),
    Column("recognised by", "features"),
    Column("groups", "num_groups", whole),
    Column("cells", "num_images", whole),
    Column("right, %", "balanced_accuracy", per_cent),
    Column("by chance, %", "chance", per_cent),
)
PATIENT_COLUMNS = (
    Column("patient", "pseudonym"),
    Column("cells", "num_images", whole),
    Column("called right", "num_correct", whole),
    Column("per cent", "share_correct", per_cent),
    Column("mean score", "mean_score", "{:.3f}".format),
)
SCORED_COLUMNS = (
    Column("set", "set"),
    *(Column(metric.short, key) for key, metric in shown_in("forest").items()),
    Column("threshold", "threshold", "{:.3f}".format),
    Column("intervals", "basis"),
    Column("caveats", "stamps"),
)


EXTERNAL_COLUMNS = (
    Column("records", "records"),
    Column("cells", "cells"),
    *SCORED_COLUMNS,
)


def set_columns(run: RunFacts) -> tuple[Column, ...]:
    """The columns of `set_rows`."""
    negative, positive = class_names_of(run.config)
    return (
        Column("set", "set"),
        Column(f"{positive} cells", "all_cells", whole),
        Column("patients", "all_patients", whole),
        Column(f"{negative} cells", "hem_cells", whole),
        Column("patients", "hem_patients", whole),
    )


def figure_columns(scored: ScoredSet) -> tuple[Column, ...]:
    """The columns of `figure_rows`, without the intervals where none can be estimated."""
    columns = (Column("metric", "metric"), Column("value", "value"))
    if not_estimable(scored.report):
        return columns
    return (*columns, Column("95 % interval", "interval"))


def figure_rows(scored: ScoredSet) -> Rows:
    """Every metric of a set with its interval."""
    report = scored.report
    shown = shown_in("report", first=_FIGURES_FIRST, classes=class_names_of(report))
    none_at_all = not_estimable(report)  # The text says so once.
    return [
        {
            "metric": metric.title,
            "value": None if report[key] is None else thousandths(report[key]),
            "interval": None if none_at_all else interval_text(report, key),
        }
        for key, metric in shown.items()
        if key in report
    ]


def confusion(scored: ScoredSet) -> list[tuple[str, list[Confused]]]:
    """The confusion matrix of a set: a row for each true class, the positive one first."""
    predictions, (negative, positive) = scored.predictions, scored.predictions.classes
    decisions = predictions.decisions(scored.report["threshold"])
    counts = metrics.confusion_matrix(predictions.labels, decisions, labels=(1, 0)).tolist()
    return [
        (
            name,
            [Confused(n, n / sum(row), place == column) for column, n in enumerate(row)],
        )
        for place, (name, row) in enumerate(zip((positive, negative), counts, strict=True))
    ]


def patient_table(scored: ScoredSet) -> Rows:
    """The patients of a set by pseudonym, the worst first."""
    return sorted(scored.patients, key=lambda row: row["share_correct"])


def probe_rows(run: RunFacts) -> Rows:
    """A row for the network and one for each probe; empty if no probes were run."""
    found = run.probes
    if found is None:
        return []
    groups = {key: found[key] for key in ("num_groups_all", "num_groups_hem")}
    groups |= class_names_of(found).as_dict()
    own = {"what": "the network itself", "ours": True, **found["model"]}
    return [_probe_row(row | groups) for row in (own, *found["probes"])]


def _probe_row(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "what": row["what"],
        "ours": row.get("ours", False),
        "auc": _shown(row, "auc"),
        "kappa": thousandths(row["kappa"]),
        "margin": _shown(row, "margin", show=signed) if "margin" in row else None,
    }


def set_rows(run: RunFacts) -> Rows:
    """The sets of a run: training, selection, and what else it was evaluated on."""
    rows = []
    if run.source:
        others = run.experiment.protocol == "honest" and run.experiment.chooses
        which = "the other folds" if others and not run.num_folds else "all training images"
        rows.append({"set": f"trained on {which}", **asdict(run.source.training)})
    limit = run.experiment.limit_validation
    for place, scored in enumerate(run.sets):
        chosen_on = run.experiment.chooses and (place == 0) != bool(run.num_folds)
        use = "epoch chosen on" if chosen_on else "evaluated on"
        rows.append({"set": f"{use} {name_set(scored, limit=limit)}", **asdict(scored.count)})
    return rows


def scored_rows(run: RunFacts) -> Rows:
    """Every set of its own records that a run was evaluated on, with its main metrics."""
    limit = run.experiment.limit_validation
    return [{"set": name_set(scored, limit=limit), **_scored(scored)} for scored in run.sets]


def external_rows(run: RunFacts) -> Rows:
    """Every set of other records that a run was evaluated on, with its main metrics."""
    return [
        {
            "records": records_label(scored.report),
            "cells": describe_set(scored),
            "set": name_set(scored),
            **_scored(scored),
        }
        for scored in run.external
    ]


def _scored(scored: ScoredSet) -> dict[str, object]:
    report = scored.report
    return {
        "threshold": report["threshold"],
        **{key: _shown(report, key) for key in shown_in("forest")},
        "basis": basis_of_intervals(report),
        "stamps": "; ".join(report["stamps"]) or None,
    }


def _shown(report: Mapping, key: str, *, show: Callable[[float], str] = thousandths) -> str:
    """A metric with its interval; alone if none can be estimated, which the text says once."""
    alone = not_estimable(report) and report[key] is not None
    return show(report[key]) if alone else with_interval(report, key, show=show)


def beside_published(run: RunFacts) -> Rows:
    """The run, the study's row for its architecture, and what others published on C-NMC."""
    if not measured_on_cnmc(run):
        return [ours(run)]
    return [ours(run), *study_row(run), *published()]


def measured_on_cnmc(run: RunFacts) -> bool:
    """Whether a run's result may stand beside published ones: its cells are C-NMC's."""
    in_its_layout = run.source is None or run.source.of_cnmc
    return in_its_layout and is_cnmc(run.evaluated.report)


def ours(run: RunFacts) -> dict[str, object]:
    """A run as a row for `BESIDE_COLUMNS`."""
    report, limit = run.evaluated.report, run.experiment.limit_validation
    cells = run.evaluated.count.cells
    return {
        "work": run.name,
        "tested_on": f"{name_set(run.evaluated, limit=limit)} of "
        f"{records_label(run.evaluated.report)}, {cells:,} cells",
        **{key: 100 * report[key] for key in ("f1", "accuracy", "kappa")},
        "auc": None
        if report["auc"] is None
        else 100 * report["auc"],  # Of one class there is none.
        "caveat": "; ".join(report["stamps"]),
        "ours": True,
    }


def study_row(run: RunFacts) -> Rows:
    """What the study of 2021 reported for the architecture, if anything, and what differs."""
    name = run.experiment.arch
    if name not in REPORTED:
        return []
    changed = departures(name, run.experiment).keys() - {"protocol", "fold", "seed"}
    other = f"ours differs in {', '.join(sorted(changed))}" if changed else ""
    return [
        {
            "work": f"the study of 2021, {name}",
            "tested_on": "not stated",
            **REPORTED[name]._asdict(),
            "caveat": other,
        }
    ]


def published() -> Rows:
    """What others published on these cells."""
    return [other._asdict() for other in COMPARATORS]
