"""The results of a run as one table in TensorBoard's Text, with what limits them."""

from collections.abc import Mapping

import tensorflow as tf

from all_tf.metrics.formatting import basis_of_intervals, thousandths, with_interval
from all_tf.metrics.registry import shown_in
from all_tf.metrics.scored_set import ScoredSet
from all_tf.system.tables import Column, markdown
from all_tf.training.tensorboard.scored_sets import title_of
from tfrecords.class_names import class_names_of
from tfrecords.counted import counted


def write_results(sets: Mapping[str, ScoredSet]) -> None:
    """Write the table with TensorFlow's current writer and step: a column for each set.

    Args:
        sets: The scored sets of the run, by what they are called.
    """
    reports = {name: scored.report for name, scored in sets.items()}
    tf.summary.text("results", "\n\n".join([*map(_about, reports.values()), _table(reports)]))


def _about(report: dict) -> str:
    """Which set of which records it is, with its classes and caveats."""
    negative, positive = class_names_of(report)
    return (
        f"{title_of(report)}; classes: {positive} (positive), {negative}; "
        f"{counted(report['num_images'], 'image')} of "
        f"{counted(report['num_patients'], 'patient')}; intervals over patients: "
        f"{basis_of_intervals(report)}"
    )


def _table(reports: Mapping[str, dict]) -> str:
    classes = class_names_of(next(iter(reports.values())))
    rows = [
        {"metric": metric.title, **{name: _value(report, key) for name, report in reports.items()}}
        for key, metric in shown_in("report", first=("f1", "kappa"), classes=classes).items()
    ]
    return markdown(rows, [Column("", "metric"), *(Column(name, name) for name in reports)])


def _value(report: dict, key: str) -> str:
    """A metric with its interval; alone where the line above says that there are no intervals."""
    if report[key] is not None and report[f"{key}_low"] is None:
        return thousandths(report[key])
    return with_interval(report, key)
