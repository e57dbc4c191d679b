"""Which rows of the study can be trained here: in what time, and with which batch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from all_tf.config.experiment import Experiment
from all_tf.config.presets import EXPERIMENTS
from all_tf.estimates.memory import GIB, LOADED, largest_batch, network_bytes, tabulated_size
from all_tf.estimates.training_time import count_rows, estimate, seconds_a_product
from all_tf.system.free_memory import free_memory
from all_tf.system.progress import describe_duration
from all_tf.system.tables import Column, markdown
from tfrecords.store.folds import read_folds
from tfrecords.store.index import IndexRow, read_index

# C-NMC 2019, images by split and label (docs/data.md): for who has not packed it yet.
_CNMC = {("train", 1): 7272, ("train", 0): 3389, ("validation", 1): 1219, ("validation", 0): 648}
_FOLDS = 5
_COLUMNS = (
    Column("row", "row"),
    Column("images", "image_size"),
    Column("batch that fits", "batch"),
    Column("memory", "memory"),
    Column("an epoch", "epoch"),
    Column("in all", "training"),
)


class RowHere(NamedTuple):
    """What a row of the table takes on this machine."""

    row: str
    image_size: int  # Pixels.
    batch_size: int  # Of the row.
    batch_that_fits: int | None  # The row's or a smaller one; None if none does.
    memory_bytes: int  # With the row's batch, TensorFlow included.
    fitting_bytes: int  # The same with the batch that fits; with one image if none does.
    epoch_seconds: float  # On the processor.
    training_seconds: float


def rows_here(
    records: Path | None,
    *,
    gpu_bytes: int | None = None,
    product: float | None = None,
    rows: Mapping[str, Experiment] = EXPERIMENTS,
) -> list[RowHere]:
    """Estimate each row that the table of costs has.

    Args:
        records: A records directory; None for the numbers of images of C-NMC 2019.
        gpu_bytes: Memory of the GPU that trains; None for the machine's free memory.
        product: Seconds of the unit of time, from `seconds_a_product`; None to measure it here.
        rows: Experiments by name.

    Raises:
        RecordsError, FoldsError: There are no records, or no folds.
    """
    index, folds = _cnmc() if records is None else (read_index(records), read_folds(records))
    product, here = product or seconds_a_product(), []
    free = free_memory() - LOADED if gpu_bytes is None else gpu_bytes
    for name, row in rows.items():
        size = tabulated_size(row)
        found = estimate(row, count_rows(row, index, folds), product=product)
        if size is None or found is None:
            continue
        fits = largest_batch(row, size, free=free)
        memory, fitting = (
            LOADED + network_bytes(row, size, batch_size=batch_size)
            for batch_size in (row.batch_size, fits or 1)
        )
        here.append(
            RowHere(
                name, row.image_size, row.batch_size, fits, memory, fitting, found.epoch,
                found.training,
            )
        )  # fmt: skip
    return here


def format_rows(rows: Sequence[RowHere], *, images: str, on_gpu: bool) -> str:
    """The rows as a table of less than 80 columns, with what it rests on below.

    Args:
        rows: As `rows_here` returns them.
        images: Whose numbers of images they are for.
        on_gpu: Whether a GPU trains, of which the table of costs has no times.
    """
    lines = [
        {
            "row": each.row,
            "image_size": f"{each.image_size} px",
            "batch": _batch(each),
            "memory": f"{each.fitting_bytes / GIB:.1f} GiB",
            "epoch": describe_duration(each.epoch_seconds),
            "training": describe_duration(each.training_seconds),
        }
        for each in rows
    ]
    gpu = " Times are those of the processor; on the GPU all is much faster." * on_gpu
    return (
        f"Rows of --experiment, for the images of {images}:\n\n{markdown(lines, _COLUMNS)}\n\n"
        "Estimates: times within a factor of two, from a table of measured steps and a\n"
        "second of matrix products just now; memory with the batch that fits (none: with\n"
        f"one image), from docs/performance.md.{gpu}\n"
        "Another batch: --batch-size; shorter: --epochs, --image-size, --limit-train."
    )


def _batch(row: RowHere) -> str:
    if row.batch_that_fits is None:
        return "none"
    if row.batch_that_fits == row.batch_size:
        return str(row.batch_size)
    return f"{row.batch_that_fits} instead of {row.batch_size}"


def _cnmc() -> tuple[list[IndexRow], dict[str, int]]:
    """Tables with the numbers of images of C-NMC 2019, in folds of equal size."""
    rows = [
        IndexRow(f"{split}/{label}/{n}", split, label, "", "", "", -1, "", "")
        for (split, label), count in _CNMC.items()
        for n in range(count)
    ]
    train = [row.name for row in rows if row.split == "train"]
    return rows, {name: n % _FOLDS for n, name in enumerate(train)}
