"""training_images.csv: the pixels and the patients of the images that a run was trained on."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from all_tf.runs.folder import RunError
from all_tf.system.tables import write_csv

TRAINING_IMAGES_FILE = "training_images.csv"
_FIELDS = ("pixels", "patient")


@dataclass(frozen=True)
class TrainingImages:
    """What is known of the training images of a run when other records are scored."""

    pixels: frozenset[str]  # As `all_tf.data.pixel_digests.pixel_digests` gives them.
    patients: frozenset[str]  # Ids; those of another laboratory may be equal by chance.


def write_training_images(run: Path, *, pixels: Sequence[str], patients: Iterable[str]) -> None:
    """Write a line for each training image.

    Args:
        run: The run's folder.
        pixels: The digest of each image, not empty.
        patients: The patient of each image.
    """
    rows = [dict(zip(_FIELDS, row, strict=True)) for row in zip(pixels, patients, strict=True)]
    write_csv(run / TRAINING_IMAGES_FILE, rows)


def read_training_images(run: Path) -> TrainingImages | None:
    """Read what `write_training_images` wrote; None for a run of an earlier version without it.

    Raises:
        RunError: The file is damaged.
    """
    path = run / TRAINING_IMAGES_FILE
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.reader(file, strict=True))
    if not rows or tuple(rows[0]) != _FIELDS or any(len(row) != len(_FIELDS) for row in rows):
        raise RunError(
            f"{path} is damaged. Expected lines of {' and '.join(_FIELDS)}. Restore the run."
        )
    pixels, patients = zip(*rows[1:], strict=True) if rows[1:] else ((), ())
    return TrainingImages(frozenset(pixels), frozenset(patients))
