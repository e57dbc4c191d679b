"""What a page says of several runs: a table, and intervals to look at."""

from collections.abc import Iterator, Sequence

from all_tf.experiments import REPORTED
from all_tf.figure_text import basis_of_intervals, with_interval
from all_tf.forest import draw_forest
from all_tf.report_facts import RunFacts
from all_tf.report_figures import Drawn, inline
from all_tf.report_tables import Rows, ours, published, study_row
from all_tf.report_words import name_set, stamps_in_words
from all_tf.tables import Column, decimal, whole

_FIGURES = {"f1": "F1, weighted by class frequency", "kappa": "kappa", "auc": "AUROC"}
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


def verdict(runs: Sequence[RunFacts]) -> str:
    """Which run is ahead, or that nobody can say."""
    if len(_sides(runs)) > 1:
        return (
            "These networks were not scored on the same images: their figures cannot be compared."
        )
    count = runs[0].judged.count
    best_by = {key: _best(runs, key) for key in ("f1", "kappa")}
    ahead = "{} has the highest F1, {} the highest kappa".format(*best_by.values())
    if len(set(best_by.values())) == 1:
        ahead = f"{best_by['f1']} has the highest F1 and the highest kappa"
    return (
        f"Of {len(runs)} networks, scored on the same {count.cells:,} cells of {count.patients} "
        f"patients, {ahead}."
    )


def _best(runs: Sequence[RunFacts], key: str) -> str:
    """The name of the run, or of those that share the place."""
    best = max(run.judged.report[key] for run in runs)
    return " and ".join(run.name for run in runs if run.judged.report[key] == best)


def warnings(runs: Sequence[RunFacts]) -> Iterator[tuple[str, str]]:
    """What must be known before the figures: other images, stamps with their meaning."""
    sides = _sides(runs)
    if len(sides) > 1:
        listed = "; ".join(f"{', '.join(names)} on {number:,}" for names, number in sides)
        yield "Not the same images", f"Compare only within: {listed}."
    for stamp, meaning in stamps_in_words(run.judged.report for run in runs):
        which = [run.name for run in runs if stamp in run.judged.report["stamps"]]
        of_whom = "" if len(which) == len(runs) else f" ({', '.join(which)})"
        yield f"{stamp.capitalize()}{of_whom}", meaning


def _sides(runs: Sequence[RunFacts]) -> list[tuple[list[str], int]]:
    """The names of the runs that were scored on the same images, and on how many."""
    names_of: dict[frozenset[str], list[str]] = {}
    for run in runs:
        images = frozenset(run.judged.predictions.names.tolist())
        names_of.setdefault(images, []).append(run.name)
    return [(names, len(images)) for images, names in names_of.items()]


def rows(runs: Sequence[RunFacts]) -> Rows:
    """A row for each run, in their order."""
    return [_row(run) for run in runs]


def _row(run: RunFacts) -> dict[str, object]:
    report, count = run.judged.report, run.judged.count
    return {
        "run": run.name,
        "arch": run.experiment.arch,
        **{key: with_interval(report, key) for key in _FIGURES},
        "set": name_set(run.judged),
        "cells": count.cells,
        "patients": count.patients,
        "num_parameters": run.config["num_parameters"],
        "images_per_second": run.sets[0].report.get("images_per_second"),
        "best_epoch": report["best_epoch"],
        "stamps": "; ".join(report["stamps"]) or None,
    }


def forests(runs: Sequence[RunFacts]) -> list[Drawn]:
    """A figure for each figure of merit, the runs one beneath the other."""
    basis = basis_of_intervals(runs[0].judged.report)
    drawn = []
    for key, name in _FIGURES.items():
        shown = [_to_draw(run, key) for run in runs]
        title = f"{name}, run by run"
        figure = draw_forest(shown, key, name=name)
        drawn.append(inline(figure, title=title, caption=f"{name}; lines: {basis}."))
    return drawn


def _to_draw(run: RunFacts, key: str) -> dict[str, object]:
    report, reported = run.judged.report, REPORTED.get(run.experiment.arch)
    per_cent = getattr(reported, key, None)  # It gave no AUROC.
    return {
        "run": run.name,
        **{end: report[end] for end in (key, f"{key}_low", f"{key}_high")},
        f"reported_{key}": None if per_cent is None else per_cent / 100,
    }


def beside_rows(runs: Sequence[RunFacts]) -> Rows:
    """Each run above the study's row for its architecture, then what others published."""
    return [row for run in runs for row in (ours(run), *study_row(run))] + published()
