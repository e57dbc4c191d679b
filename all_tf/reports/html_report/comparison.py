"""The parts of a page about several runs: verdict, caveats, tables, plots of intervals."""

from collections.abc import Iterator, Sequence

from all_tf.config.published_results import REPORTED
from all_tf.metrics.formatting import basis_of_intervals, not_estimable, signed, with_interval
from all_tf.metrics.paired import Difference
from all_tf.metrics.registry import METRICS, shown_in
from all_tf.plots.forest import draw_forest
from all_tf.reports.comparison import (
    Pair,
    best_runs,
    groups_by_images,
    list_groups,
    pairs_with_best,
    undecided,
)
from all_tf.reports.html_report.inline_plots import Drawn, inline
from all_tf.reports.html_report.prose import name_set, stamps_in_words
from all_tf.reports.html_report.rows import Rows, measured_on_cnmc, ours, published, study_row
from all_tf.reports.result_words import epochs_in_words
from all_tf.reports.run_facts import RunFacts
from all_tf.runs.history_file import ended_by_time, epochs_trained
from all_tf.runs.records_label import records_label
from all_tf.system.tables import Column, decimal, whole

_FIGURES = {key: row.plot_title or row.short for key, row in shown_in("forest").items()}
_SHORT = {key: METRICS[key].short for key in ("f1", "kappa")}  # Pairs are compared in these.
COLUMNS = (
    Column("run", "run"),
    *(Column(metric.short, key) for key, metric in shown_in("forest").items()),
    Column("caveats", "stamps"),
)
ABOUT_COLUMNS = (
    Column("run", "run"),
    Column("network", "arch"),
    Column("parameters", "num_parameters", whole),
    Column("images/s", "images_per_second", decimal),
    Column("epoch", "epochs"),
    Column("trained", "trained"),
    Column("threshold", "threshold", "{:.3f}".format),
    Column("cells", "cells", whole),
    Column("patients", "patients", whole),
    Column("evaluated on", "set"),
    Column("records", "records"),
)
PAIR_COLUMNS = (
    Column("compared with", "other"),
    Column("result", "verdict"),
    *(Column(name, key) for key, name in _SHORT.items()),
)


def comparison_verdict(runs: Sequence[RunFacts], pairs: Rows) -> str:
    """Which run is best and which are not significantly worse, or that they cannot be compared.

    Args:
        runs: Not empty.
        pairs: Their `pair_rows`.
    """
    if len(groups_by_images(runs)) > 1:
        return "These networks cannot be compared with each other."  # A warning says why.
    count = runs[0].evaluated.count
    best_by = {key: _best(runs, key) for key in _SHORT}
    ahead = "{} the highest F1, {} the highest kappa".format(*best_by.values())
    if len(set(best_by.values())) == 1:
        ahead = f"{best_by['f1']} the highest F1 and the highest kappa"
    near = ""
    if pairs and (reason := not_estimable(runs[0].evaluated.report)):
        near = f" Whether they differ cannot be said: {reason}."
    elif equals := [str(row["other"]) for row in pairs if not row["told_apart"]]:
        near = f" {pairs[0]['ahead']} does not differ significantly from {', '.join(equals)}."
    return (
        f"Of {len(runs)} networks, evaluated on the same {count.cells:,} cells of {count.patients} "
        f"patients of {records_label(runs[0].evaluated.report)}, {ahead}.{near}"
    )


def _best(runs: Sequence[RunFacts], key: str) -> str:
    """The best run, or those that share the best value, with the verb: "a has", "a and b have"."""
    best = [run.name for run in best_runs(runs, key)]
    return f"{' and '.join(best)} {'has' if len(best) == 1 else 'have'}"


def pair_rows(runs: Sequence[RunFacts]) -> Rows:
    """The run of the highest F1, compared with each other one on the same images."""
    return [_pair_row(pair) for pair in pairs_with_best(runs, "f1")]


def _pair_row(pair: Pair) -> dict[str, object]:
    verdicts = [
        f"{name} is better by {' and '.join(_SHORT[key] for key in keys)}"
        for name, keys in pair.better_by(tuple(_SHORT))
        if keys
    ]
    return {
        "ahead": pair.first.name,
        "other": pair.second.name,
        **{key: _difference(pair.differences[key]) for key in _SHORT},
        "told_apart": bool(verdicts),
        "verdict": "; ".join(verdicts) or undecided(pair.differences[key] for key in _SHORT),
    }


def _difference(found: Difference) -> str:
    text = signed(found.first - found.second)
    if found.low is None or found.high is None or found.p_value is None:
        return f"{text} (not estimable)"
    p_value = f"p {found.p_value:.3f}" if found.p_value >= 0.001 else "p < 0.001"
    return f"{text} ({signed(found.low)} to {signed(found.high)}; {p_value})"


def comparison_warnings(runs: Sequence[RunFacts]) -> Iterator[tuple[str, str]]:
    """What a reader has to know before the metrics: different images, caveats."""
    groups = groups_by_images(runs)
    if len(groups) > 1:
        yield "Not the same images", f"Compare only within a group: {list_groups(groups)}."
    for stamp, meaning in stamps_in_words(run.evaluated.report for run in runs):
        which = [run.name for run in runs if stamp in run.evaluated.report["stamps"]]
        of_whom = "" if len(which) == len(runs) else f" ({', '.join(which)})"
        yield f"{stamp.capitalize()}{of_whom}", meaning


def rows(runs: Sequence[RunFacts]) -> Rows:
    """A row for each run."""
    return [_row(run) for run in runs]


def _row(run: RunFacts) -> dict[str, object]:
    report, count = run.evaluated.report, run.evaluated.count
    return {
        "run": run.name,
        "arch": run.experiment.arch,
        **{key: with_interval(report, key) for key in _FIGURES},
        "set": name_set(run.evaluated, limit=run.experiment.limit_validation),
        "records": records_label(report),
        "threshold": report["threshold"],
        "cells": count.cells,
        "patients": count.patients,
        "num_parameters": run.config["num_parameters"],
        "images_per_second": run.sets[0].report.get("images_per_second"),
        "epochs": epochs_in_words(report),
        "trained": _trained(run),
        "stamps": "; ".join(report["stamps"]) or None,
    }


def _trained(run: RunFacts) -> str | None:
    """The epochs that a run has trained, of those it was to; None for a cross-validation."""
    if run.num_folds or not run.history:
        return None
    trained = f"{epochs_trained(run.history):g} of {run.experiment.epochs} epochs"
    return trained + ", ended by time" * ended_by_time(run.history, run.experiment)


def forests(runs: Sequence[RunFacts]) -> list[Drawn]:
    """A forest plot of the runs for each metric."""
    basis = basis_of_intervals(runs[0].evaluated.report)
    drawn, of = [], ", ".join(dict.fromkeys(records_label(run.evaluated.report) for run in runs))
    for key, name in _FIGURES.items():
        shown = [_to_draw(run, key) for run in runs]
        title = f"{name}, run by run, {of}"
        figure = draw_forest(shown, key, name=name)
        drawn.append(inline(figure, title=title, caption=f"{name}; lines: {basis}."))
    return drawn


def _to_draw(run: RunFacts, key: str) -> dict[str, object]:
    report = run.evaluated.report
    reported = REPORTED.get(run.experiment.arch) if measured_on_cnmc(run) else None
    per_cent = getattr(reported, key, None)  # It reported no AUROC.
    return {
        "run": run.name,
        **{end: report[end] for end in (key, f"{key}_low", f"{key}_high")},
        f"reported_{key}": None if per_cent is None else per_cent / 100,
    }


def comparator_rows(runs: Sequence[RunFacts]) -> Rows:
    """Each run with the study's row for its architecture, then what others published on C-NMC."""
    if not all(map(measured_on_cnmc, runs)):
        return [ours(run) for run in runs]
    return [row for run in runs for row in (ours(run), *study_row(run))] + published()
