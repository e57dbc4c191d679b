"""The rows with what was reported of them, what was measured, and their costs, for README.md."""

from all_tf.config.presets import EXPERIMENTS, STUDY
from all_tf.config.study_table import reported
from all_tf.doctor.rows import RowHere, rows_here
from all_tf.estimates.disk import run_bytes
from all_tf.estimates.memory import GIB, tabulated_size
from all_tf.system.progress import describe_duration
from all_tf.system.tables import Column, markdown, whole

_PRODUCT = 0.012  # Seconds of the unit of time (`estimates.costs`) on two cores of an AMD EPYC.
# Figures on the real images, with what they were measured on; decisions 10 and 28.
_MEASURED = {
    "scratch": "AUROC .892 on 989 real cells of 13 patients; cell size alone .883",
    "best": "three folds of 2,103 real cells: AUROC .874; cell size alone .780",
    "transfer": "its settings on EfficientNet-Lite0, the same folds: AUROC .826",
}
_COLUMNS = (
    Column("row", "row"),
    Column("image, px", "image_size", whole),
    Column("the study reported", "reported"),
    Column("measured here", "measured"),
    Column("an epoch, two cores", "epoch"),
    Column("on a GPU", "gpu"),
    Column("memory, GiB", "memory", lambda size: f"{size / GIB:.1f}"),
    Column("disk, GiB", "disk", lambda size: f"{size / GIB:.1f}"),
)


def readme_table() -> str:
    """A line for each row that `--experiment` knows, in Markdown; times are estimates."""
    return markdown([_line(row) for row in rows_here(None, product=_PRODUCT)], _COLUMNS)


def _line(here: RowHere) -> dict[str, object]:
    row = EXPERIMENTS[here.row]
    size = tabulated_size(row)
    return {
        "row": f"`{here.row}`",
        "image_size": row.image_size,
        "reported": reported(here.row) if here.row in STUDY else None,
        "measured": _MEASURED.get(here.row, "not measured"),
        "epoch": f"about {describe_duration(here.epoch_seconds)}",
        "gpu": "not measured",
        "memory": here.memory_bytes,
        "disk": None if size is None else run_bytes(row, size),
    }
