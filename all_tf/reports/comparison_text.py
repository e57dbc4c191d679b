"""Finished runs side by side as text: a table of their metrics, and the differences of a pair."""

from collections.abc import Mapping, Sequence
from typing import Any

from all_tf.metrics.formatting import (
    basis_of_intervals,
    not_estimable,
    signed,
    thousandths,
    with_interval,
)
from all_tf.metrics.paired import Difference
from all_tf.metrics.registry import shown_in
from all_tf.reports.comparison import (
    Pair,
    compare_runs,
    groups_by_images,
    list_groups,
    undecided,
)
from all_tf.reports.result_words import epochs_in_words
from all_tf.reports.run_facts import COMPARED_METRICS, RunFacts
from all_tf.runs.records_label import records_label
from all_tf.system.plain_text import inert_markdown
from all_tf.system.tables import Column, decimal, markdown, per_cent, whole
from tfrecords.class_names import class_names_of

_COLUMNS = (
    Column("run", "run"),
    Column("arch", "arch"),
    Column("records", "records"),
    Column("set", "set"),
    Column("images", "num_images", whole),
    Column("patients", "num_patients", whole),
    Column("accuracy", "accuracy"),
    Column("F1", "f1"),
    Column("kappa", "kappa"),
    Column("AUROC", "auc"),
    Column("intervals", "intervals"),
    Column("parameters", "num_parameters", whole),
    Column("images/s", "images_per_second", decimal),
    Column("epoch", "epochs"),
    Column("chosen on", "selected_on"),
    Column("stamps", "stamps"),
)


_COMPARED = tuple(shown_in("pair", first=("f1", "kappa")))
_DIFFERENCE_COLUMNS = (
    Column("metric", "metric"),
    Column("A", "first"),
    Column("B", "second"),
    Column("A - B", "difference"),
    Column("interval", "interval"),
    Column("p", "p_value"),
    Column("verdict", "verdict"),
)


def shown(row: Mapping[str, Any]) -> dict[str, object]:
    """A row as a table shows it: metrics in per cent with their intervals, and their basis.

    Args:
        row: As `RunFacts.row` gives it.
    """
    if not_estimable(row):  # The column "intervals" says so, once for the row.
        texts = {key: per_cent(row[key]) for key in COMPARED_METRICS}
    else:
        texts = {key: with_interval(row, key, show=per_cent) for key in COMPARED_METRICS}
    told = {
        key: inert_markdown(str(row[key]))
        for key in ("run", "records", "selected_on", "stamps", "note")
        if row.get(key) is not None
    }
    return {**row, **texts, **told, "intervals": basis_of_intervals(row)}


def comparison_table(runs: Sequence[RunFacts]) -> str:
    """The runs as a Markdown table in per cent, with a warning if their images differ.

    Args:
        runs: Not empty.
    """
    rows = [shown(run.row()) | {"epochs": epochs_in_words(run.evaluated.report)} for run in runs]
    table = markdown(rows, _COLUMNS)
    warning = warn_of_different_images(runs)
    return table + (f"\n\n{warning}" if warning else "")


def compare_pair(first: RunFacts, second: RunFacts) -> str:
    """Two runs on the same images: differences, intervals, p-values, and which run is better.

    Raises:
        PairError: The images are not the same, or were packed again with other patient groups.
    """
    pair = compare_runs(first, second)
    report = first.evaluated.report
    reason, (negative, positive) = not_estimable(report), class_names_of(report)
    rows = [_difference_row(key, pair.differences[key], reason) for key in _COMPARED]
    return "\n\n".join(
        [
            f"A is {first.name}, B is {second.name}: the same {len(first.images):,} images, "
            f"{report['num_groups_all']} {positive} and {report['num_groups_hem']} {negative} "
            f"patient groups of {records_label(report)}.",
            markdown(rows, _DIFFERENCE_COLUMNS),
            "Intervals: 95 %, from patient groups resampled within their class. p: how often the "
            "difference is as large if the runs are swapped at random in each group; not computed "
            "for AUROC and average precision. One metric in twenty differs by chance alone.",
            _verdict(pair, reason),
        ]
    )


def _difference_row(key: str, difference: Difference, reason: str) -> dict[str, str | None]:
    low, high, p_value = difference.low, difference.high, difference.p_value
    return {
        "metric": key,
        "first": thousandths(difference.first),
        "second": thousandths(difference.second),
        "difference": signed(difference.first - difference.second),
        "interval": reason if low is None or high is None else f"{signed(low)} to {signed(high)}",
        "p_value": None if p_value is None else thousandths(p_value),
        "verdict": {1: "A is better", -1: "B is better", 0: undecided([difference])}[
            difference.better
        ],
    }


def _verdict(pair: Pair, reason: str) -> str:
    better = [
        f"{name} is better by {', '.join(keys)}."
        for name, keys in pair.better_by(_COMPARED)
        if keys
    ]
    if better and not reason:
        return " ".join(better)
    names = f"{pair.first.name} and {pair.second.name}"
    if reason:
        return f"Whether {names} differ cannot be said: {reason}."
    return f"{names} do not differ significantly."


def warn_of_different_images(runs: Sequence[RunFacts]) -> str:
    """A line that says which runs were evaluated on which images; empty if all on the same."""
    groups = groups_by_images(runs)
    if len(groups) < 2:
        return ""
    return (
        "WARNING: not evaluated on the same images, so that these metrics can be compared only "
        f"within a group: {list_groups(groups)}."
    )
