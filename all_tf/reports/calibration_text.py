"""A calibration that was fitted to own cells, as text: the metrics before and after it."""

from collections.abc import Mapping
from typing import Any

from all_tf.metrics.calibration import Calibration
from all_tf.metrics.cross_fitting import MEASURED
from all_tf.metrics.formatting import basis_of_intervals, with_interval
from all_tf.metrics.registry import METRICS
from all_tf.runs.folder import set_name
from all_tf.system.tables import Column, markdown
from tfrecords.class_names import class_names_of
from tfrecords.counted import counted
from tfrecords.names import legible

_COLUMNS = (
    Column("", "metric"),
    Column("before", "before"),
    Column("after, each part by the others", "after"),
)

_WORSE = (
    "WARNING: on patients that were held apart the log loss is no lower than before: too few "
    "patients, or too different ones. Better keep the run's own calibration."
)


def format_fit(calibration: Calibration, fit: Mapping[str, Any]) -> str:
    """What was fitted, on what, and what it is worth on patients that it was not fitted on.

    Args:
        calibration: That was fitted to all of the cells.
        fit: As fit.json holds it.
    """
    own, name = fit["run_calibration"], set_name(fit["split"], fit["fold"])
    negative, positive = class_names_of(fit)
    rows: list[dict[str, object]] = [
        {"metric": "temperature", "before": _number(own["temperature"]), "after": "-"},
        {"metric": "bias", "before": _number(own["bias"]), "after": "-"},
        {"metric": "threshold", "before": _number(own["threshold"]), "after": "-"},
    ]
    fitted = vars(calibration)
    for row in rows:
        row["after"] = f"{_number(fitted[str(row['metric'])])} (fitted to all parts)"
    for key in MEASURED:
        shown = {when: _metric(fit[when], key) for when in ("before", "after")}
        rows.append({"metric": METRICS[key].short, **shown})
    stamps = "".join(f" [{stamp}]" for stamp in fit["stamps"])
    lines = [
        f"calibration {fit['name']}: fitted on {fit['records']} ({fit['records_sha256'][:12]}), "
        f"{name}: "
        f"{fit['num_images_all']:,} {positive} of {counted(fit['num_groups_all'], 'patient')}, "
        f"{fit['num_images_hem']:,} {negative} of {fit['num_groups_hem']}{stamps}",
        f"measured in {fit['parts']} parts, patients held apart; intervals over patients: "
        f"{basis_of_intervals(fit)}",
        f"threshold: {calibration.rule}",
        *([f"WARNING: logits were left as they are: {calibration.note}"] * bool(calibration.note)),
        *([_WORSE] * (fit["after"]["log_loss"] >= fit["before"]["log_loss"])),
        "",
        markdown(rows, _COLUMNS),
    ]
    return legible("\n".join(lines), keep="\n")


def _metric(measured: Mapping[str, float | None], key: str) -> str:
    """A metric with its interval; why there is none stands above the table."""
    known = measured[f"{key}_low"] is not None
    return with_interval(measured if known else {key: measured[key]}, key)


def _number(value: float) -> str:
    return f"{value:.3g}"
