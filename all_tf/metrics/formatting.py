"""Text of a metric: its value with its interval over patients, or why there is none."""

from collections.abc import Callable, Mapping
from typing import Any

from all_tf.metrics.bootstrap import LEAST_GROUPS
from tfrecords.class_names import class_names_of
from tfrecords.counted import counted

_SEPARATED = "a score tells the classes apart"  # A slope then has no finite best value.


def thousandths(value: float) -> str:
    """A value as in "0.776", for lines; tables use `all_tf.system.tables.per_cent`."""
    return f"{value:.3f}"


def with_interval(
    report: Mapping[str, Any], key: str, *, show: Callable[[float], str] = thousandths
) -> str:
    """A metric as in "0.890 (0.812 to 0.943)" or "0.890 (not estimable: 1 group of HEM)".

    Args:
        report: As a metrics.json holds it; one without KEY_low gives the value alone, and a value
            of None gives the reason for it.
        key: The metric's.
        show: Turns one number into text.
    """
    if report[key] is None:
        lacking = _lacking_class(report)
        return (
            f"not estimable: no cells of {lacking}" if lacking else f"not estimable: {_SEPARATED}"
        )
    interval = f" ({interval_text(report, key, show=show)})" if f"{key}_low" in report else ""
    return show(report[key]) + interval


def interval_text(
    report: Mapping[str, Any], key: str, *, show: Callable[[float], str] = thousandths
) -> str:
    """The interval alone, as in "0.812 to 0.943" or "not estimable: 1 group of HEM"."""
    low, high = report[f"{key}_low"], report[f"{key}_high"]
    if low is None or high is None:
        return not_estimable(report) or f"not estimable: {_SEPARATED} in some resamples"
    return f"{show(low)} to {show(high)}"


def not_estimable(report: Mapping[str, Any]) -> str:
    """Why there are no intervals, "not estimable: 1 group of HEM"; empty where there are some."""
    negative, positive = class_names_of(report)
    groups = [(report["num_groups_hem"], negative), (report["num_groups_all"], positive)]
    # Of a set of one class, metrics that do not need the other one have intervals.
    number, title = min(each for each in groups if each[1] != _lacking_class(report))
    if number >= LEAST_GROUPS:
        return ""
    return f"not estimable: {counted(number, 'group')} of {title}"


def _lacking_class(report: Mapping[str, Any]) -> str | None:
    """The class without any cell in a set of the other one alone."""
    negative, positive = class_names_of(report)
    if report["num_groups_hem"] == 0:
        return negative
    return positive if report["num_groups_all"] == 0 else None


def basis_of_intervals(report: Mapping[str, Any]) -> str:
    """The patient groups that the intervals of a report rest on, or why there are none."""
    negative, positive = class_names_of(report)
    return not_estimable(report) or (
        f"95 % over {report['num_groups_all']} {positive}, "
        f"{report['num_groups_hem']} {negative} groups"
    )


def signed(value: float) -> str:
    """A difference as in "+0.041"."""
    return f"{value:+.3f}"
