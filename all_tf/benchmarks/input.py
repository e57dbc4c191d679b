"""Speed of the input pipeline, compared with Keras' `image_dataset_from_directory` on bitmaps."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import keras

from all_tf.config.experiment import NATIVE_SIDE, View
from all_tf.data.batches import steps_in_epoch, training_batches
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.cells import load_cells
from all_tf.data.class_balance import Plan
from all_tf.system.progress import track
from tfrecords.schema import CLASSES

_BATCH_SIZE = 32
_ROUNDS = 3  # Ours and Keras' in turn, because the load of a shared machine varies.
_LATER_EPOCHS = 4  # Of ours; one of Keras takes longer than all of them.


class _Epoch(NamedTuple):
    seconds: float
    cpu_seconds: float  # Of all threads; it depends less on the load of the machine.


def benchmark_input(
    records: Path, bitmaps: Sequence[tuple[Path, int]], *, image_size: int
) -> dict[str, object]:
    """Measure the images a second of both pipelines, in turn and in one process.

    Everything between files and batches is timed; imports are not, and the files are in the page
    cache. Our first epoch includes the SHA-256 of the shards, the reading of the examples, decoding
    and resizing; that of Keras includes the listing of its folders. Keras resizes without
    anti-aliasing, at a third of the cost of our resizing.

    Args:
        records: A records directory of the same images.
        bitmaps: File and label of each image of the training split.
        image_size: Side of the network's input, pixels.

    Returns:
        `first_epoch_images_per_second` and `later_epochs_images_per_second` of ours, and the same
        of Keras with the prefix `keras_`: medians over the rounds; `ratio_first` and `ratio_later`,
        medians of the rounds' ratios; `cpu_ms_per_image` of the four; `num_images`, `cores`.

    Raises:
        ValueError: The records hold another number of images than the source.
        RecordsError, FoldsError, LeakageError: The records were changed or are damaged.
    """
    paths = [path for path, _ in bitmaps]
    for path in [*paths, *records.glob("*-train.tfrecord*")]:
        path.read_bytes()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        _link_by_class(bitmaps, Path(folder))
        for _ in track(range(_ROUNDS), "measuring", _ROUNDS, unit="round"):
            theirs.append(_timed(_keras_epochs(Path(folder), image_size)))
            ours.append(_timed(_our_epochs(records, len(paths), image_size)))
    return _compare(ours, theirs, num_images=len(paths))


def _our_epochs(records: Path, num_images: int, image_size: int) -> Iterator[None]:
    """Make batches from records as train.py does; yield at the end of each epoch."""
    cells = load_cells(records, "train")
    if len(cells) != num_images:
        raise ValueError(
            f"{records} holds {len(cells)} images of the training split and the source "
            f"{num_images}. Pass the --records that were made of this --source."
        )
    view, plan = View(NATIVE_SIDE, image_size, image_size), Plan()
    epochs = range(1 + _LATER_EPOCHS)
    lookup = canvas_lookup(cells, view, title="training set")
    batches = iter(
        training_batches(cells, plan, lookup=lookup, batch_size=_BATCH_SIZE, seed=0, epochs=epochs)
    )
    for _ in epochs:
        for _ in range(steps_in_epoch(cells, plan, batch_size=_BATCH_SIZE)):
            next(batches)
        yield


def _keras_epochs(folder: Path, image_size: int) -> Iterator[None]:
    """Read the same images with Keras; yield at the end of each epoch."""
    batches = keras.utils.image_dataset_from_directory(
        folder,
        label_mode="binary",
        image_size=(image_size, image_size),
        batch_size=_BATCH_SIZE,
        seed=0,
        verbose=False,
    )
    for _ in range(2):
        for _ in batches:
            pass
        yield


def _link_by_class(bitmaps: Sequence[tuple[Path, int]], folder: Path) -> None:
    """Make a folder for each class, as Keras expects, with links to the files."""
    for name in CLASSES:
        (folder / name).mkdir()
    for number, (path, label) in enumerate(bitmaps):
        (folder / CLASSES[label] / f"{number}.bmp").symlink_to(path.resolve())


def _timed(epochs: Iterator[None]) -> tuple[_Epoch, _Epoch]:
    """Time the first epoch, and the mean of the later ones."""
    marks = [(time.perf_counter(), time.process_time())]
    for _ in epochs:
        marks.append((time.perf_counter(), time.process_time()))
    (start, cpu_start), (first, cpu_first), *_, (end, cpu_end) = marks
    later = len(marks) - 2
    return (
        _Epoch(first - start, cpu_first - cpu_start),
        _Epoch((end - first) / later, (cpu_end - cpu_first) / later),
    )


def _compare(
    ours: Sequence[tuple[_Epoch, _Epoch]],
    theirs: Sequence[tuple[_Epoch, _Epoch]],
    *,
    num_images: int,
) -> dict[str, object]:
    figures, cpu, ratios = {}, {}, {}
    for which, name in enumerate(("first_epoch", "later_epochs")):
        for side, rounds in (("", ours), ("keras_", theirs)):
            seconds = median(epochs[which].seconds for epochs in rounds)
            cpu_seconds = median(epochs[which].cpu_seconds for epochs in rounds)
            figures[f"{side}{name}_images_per_second"] = round(num_images / seconds, 1)
            cpu[f"{side}{name}"] = round(1000 * cpu_seconds / num_images, 3)
        ratios[f"ratio_{name.partition('_')[0]}"] = round(
            median(b[which].seconds / a[which].seconds for a, b in zip(ours, theirs, strict=True)),
            2,
        )
    facts = {"num_images": num_images, "cores": os.cpu_count()}
    return {**facts, **figures, **ratios, "cpu_ms_per_image": cpu}
