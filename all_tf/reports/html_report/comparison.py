"""What a page says of several runs: a table, and intervals to look at."""

from collections.abc import Iterator, Mapping, Sequence

from all_tf.config.published_results import REPORTED
from all_tf.metrics.formatting import basis_of_intervals, signed, with_interval
from all_tf.metrics.paired import Difference, paired_differences
from all_tf.metrics.weighted import additive_metrics
from all_tf.plots.forest import draw_forest
from all_tf.reports.html_report.inline_plots import Drawn, inline
from all_tf.reports.html_report.prose import name_set, stamps_in_words
from all_tf.reports.html_report.rows import Rows, ours, published, study_row
from all_tf.reports.run_facts import RunFacts
from all_tf.system.tables import Column, decimal, whole

_FIGURES = {"f1": "F1, weighted by class frequency", "kappa": "kappa", "auc": "AUROC"}
_SHORT = {"f1": "F1", "kappa": "kappa"}  # By which pairs are compared.
COLUMNS = (
    Column("run", "run"),
    Column("F1", "f1"),
    Column("kappa", "kappa"),
    Column("AUROC", "auc"),
    Column("network", "arch"),
    Column("parameters", "num_parameters", whole),
    Column("images/s", "images_per_second", decimal),
    Column("epoch", "best_epoch", whole),
    Column("cells", "cells", whole),
    Column("patients", "patients", whole),
    Column("scored on", "set"),
    Column("stamps", "stamps"),
)
PAIR_COLUMNS = (
    Column("less that of", "other"),
    Column("what these patients tell", "verdict"),
    Column("F1", "f1"),
    Column("kappa", "kappa"),
)


def comparison_verdict(runs: Sequence[RunFacts], pairs: Rows) -> str:
    """Which run is ahead, and from which others these patients do not tell it; or that nobody can.

    Args:
        runs: Not empty.
        pairs: Their `pair_rows`.
    """
    if len(_sides(runs)) > 1:
        return (
            "These networks were not scored on the same images: their figures cannot be compared."
        )
    count = runs[0].evaluated.count
    best_by = {key: _best(runs, key) for key in _SHORT}
    ahead = "{} has the highest F1, {} the highest kappa".format(*best_by.values())
    if len(set(best_by.values())) == 1:
        ahead = f"{best_by['f1']} has the highest F1 and the highest kappa"
    equals = [str(row["other"]) for row in pairs if not row["told_apart"]]
    told = f" These patients do not tell {pairs[0]['ahead']} from {', '.join(equals)}."
    return (
        f"Of {len(runs)} networks, scored on the same {count.cells:,} cells of {count.patients} "
        f"patients, {ahead}.{told if equals else ''}"
    )


def _best(runs: Sequence[RunFacts], key: str) -> str:
    """The name of the run, or of those that share the place."""
    best = max(run.evaluated.report[key] for run in runs)
    return " and ".join(run.name for run in runs if run.evaluated.report[key] == best)


def pair_rows(runs: Sequence[RunFacts]) -> Rows:
    """The run of the highest F1 beside each other one that was scored on the same images."""
    ahead = max(runs, key=lambda run: run.evaluated.report["f1"])
    return [
        _pair_row(
            ahead,
            run,
            paired_differences(ahead.scored_run, run.scored_run, figures=additive_metrics),
        )
        for run in runs
        if run is not ahead and run.images == ahead.images
    ]


def _differences(ahead: RunFacts, run: RunFacts) -> dict[str, Difference]:
    return paired_differences(ahead.scored_run, run.scored_run, figures=additive_metrics)


def _pair_row(ahead: RunFacts, run: RunFacts, found: Mapping[str, Difference]) -> dict[str, object]:
    verdicts = []
    for sign, name in ((1, ahead.name), (-1, run.name)):
        if keys := [_SHORT[key] for key in _SHORT if found[key].better == sign]:
            verdicts.append(f"{name} is better by {' and '.join(keys)}")
    return {
        "ahead": ahead.name,
        "other": run.name,
        **{key: _difference(found[key]) for key in _SHORT},
        "told_apart": bool(verdicts),
        "verdict": "; ".join(verdicts) or "cannot be told apart",
    }


def _difference(found: Difference) -> str:
    text = signed(found.first - found.second)
    if found.low is None:
        return f"{text} (not estimable)"
    p_value = f"p {found.p_value:.3f}" if found.p_value >= 0.001 else "p < 0.001"
    return f"{text} ({signed(found.low)} to {signed(found.high)}; {p_value})"


def comparison_warnings(runs: Sequence[RunFacts]) -> Iterator[tuple[str, str]]:
    """What must be known before the figures: other images, stamps with their meaning."""
    sides = _sides(runs)
    if len(sides) > 1:
        listed = "; ".join(f"{', '.join(names)} on {number:,}" for names, number in sides)
        yield "Not the same images", f"Compare only within: {listed}."
    for stamp, meaning in stamps_in_words(run.evaluated.report for run in runs):
        which = [run.name for run in runs if stamp in run.evaluated.report["stamps"]]
        of_whom = "" if len(which) == len(runs) else f" ({', '.join(which)})"
        yield f"{stamp.capitalize()}{of_whom}", meaning


def _sides(runs: Sequence[RunFacts]) -> list[tuple[list[str], int]]:
    """The names of the runs that were scored on the same images, and on how many."""
    names_of: dict[frozenset[str], list[str]] = {}
    for run in runs:
        names_of.setdefault(run.images, []).append(run.name)
    return [(names, len(images)) for images, names in names_of.items()]


def rows(runs: Sequence[RunFacts]) -> Rows:
    """A row for each run, in their order."""
    return [_row(run) for run in runs]


def _row(run: RunFacts) -> dict[str, object]:
    report, count = run.evaluated.report, run.evaluated.count
    return {
        "run": run.name,
        "arch": run.experiment.arch,
        **{key: with_interval(report, key) for key in _FIGURES},
        "set": name_set(run.evaluated),
        "cells": count.cells,
        "patients": count.patients,
        "num_parameters": run.config["num_parameters"],
        "images_per_second": run.sets[0].report.get("images_per_second"),
        "best_epoch": report["best_epoch"],
        "stamps": "; ".join(report["stamps"]) or None,
    }


def forests(runs: Sequence[RunFacts]) -> list[Drawn]:
    """A figure for each figure of merit, the runs one beneath the other."""
    basis = basis_of_intervals(runs[0].evaluated.report)
    drawn = []
    for key, name in _FIGURES.items():
        shown = [_to_draw(run, key) for run in runs]
        title = f"{name}, run by run"
        figure = draw_forest(shown, key, name=name)
        drawn.append(inline(figure, title=title, caption=f"{name}; lines: {basis}."))
    return drawn


def _to_draw(run: RunFacts, key: str) -> dict[str, object]:
    report, reported = run.evaluated.report, REPORTED.get(run.experiment.arch)
    per_cent = getattr(reported, key, None)  # It gave no AUROC.
    return {
        "run": run.name,
        **{end: report[end] for end in (key, f"{key}_low", f"{key}_high")},
        f"reported_{key}": None if per_cent is None else per_cent / 100,
    }


def comparator_rows(runs: Sequence[RunFacts]) -> Rows:
    """Each run above the study's row for its architecture, then what others published."""
    return [row for run in runs for row in (ours(run), *study_row(run))] + published()
