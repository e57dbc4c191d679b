"""Results of probing as text: tables of probes and of patient identity, and a verdict."""

from collections.abc import Mapping
from typing import Any

from all_tf.metrics.formatting import basis_of_intervals, interval_text, signed
from all_tf.runs.folder import set_name
from all_tf.runs.records_label import records_label
from all_tf.system.tables import Column, markdown, per_cent, whole
from tfrecords.counted import counted

_PROBE_COLUMNS = (
    Column("probe", "name"),
    Column("knows, or is shown", "what"),
    Column("AUROC", "auc", lambda value: f"{value:.3f}"),
    Column("interval", "interval"),
    Column("kappa", "kappa", lambda value: f"{value:.3f}"),
    Column("model's margin", "margin", signed),
    Column("interval", "margin_interval"),
)
_IDENTITY_COLUMNS = (
    Column("patient groups of", "class"),
    Column("identified by", "features"),
    Column("groups", "num_groups", whole),
    Column("images", "num_images", whole),
    Column("right, %", "balanced_accuracy", per_cent),
    Column("by chance, %", "chance", per_cent),
)


def format_probes(result: Mapping[str, Any]) -> str:
    """Format the content of probes.json for a terminal.

    Args:
        result: The result of `all_tf.analysis.probe_run.probe_run`.
    """
    own = {"name": "model", "what": "the cells as they are", **result["model"]}
    rows = [
        row | {"interval": _interval(row, "auc"), "margin_interval": _interval(row, "margin")}
        for row in (own, *result["probes"])
    ]
    outside = ", ".join(
        f"{number:,} {name}" for name, number in result["images_with_pixels_outside"].items()
    )
    return "\n".join(
        [
            f"{set_name(result['split'], result['fold'])} of {records_label(result)}: "
            f"{counted(result['num_images'], 'image')} of "
            f"{counted(result['num_patients'], 'patient')}, epoch {result['best_epoch']}"
            + "".join(f" [{stamp}]" for stamp in result["stamps"]),
            f"intervals over patients: {basis_of_intervals(result)}",
            "",
            markdown(rows, _PROBE_COLUMNS),
            "",
            markdown(result["identity"], _IDENTITY_COLUMNS),
            "",
            f"images with pixels outside the cell that are not black: {outside}",
            "",
            *([_FLATTERED] if "optimistic" in result["stamps"] else []),
            result["verdict"],
        ]
    )


_FLATTERED = (
    "The model's epoch was chosen on these images, but no setting of the trivial probes was: "
    "margins are too favourable to the model."
)


def _interval(row: Mapping[str, object], key: str) -> str | None:
    """Return the interval of a row as text; None if there is none."""
    if row.get(f"{key}_low") is None:
        return None
    return interval_text(row, key, show=signed if key == "margin" else "{:.3f}".format)
