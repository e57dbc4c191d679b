"""training_images.csv: the pixels and the patients of the images that a run was trained on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from all_tf.runs.fields import TRAINING_IMAGES
from all_tf.runs.strict_reading import read_run_table
from all_tf.system.tables import write_csv

TRAINING_IMAGES_FILE = "training_images.csv"


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
    rows = zip(pixels, patients, strict=True)
    columns = [dict(zip(TRAINING_IMAGES, row, strict=True)) for row in rows]
    write_csv(run / TRAINING_IMAGES_FILE, columns)


def read_training_images(run: Path) -> TrainingImages | None:
    """Read what `write_training_images` wrote; None for a run of an earlier version without it.

    Raises:
        RunError: The file is damaged.
    """
    path = run / TRAINING_IMAGES_FILE
    if not path.is_file():
        return None
    rows = read_run_table(path, TRAINING_IMAGES, needed=TRAINING_IMAGES)
    pixels, patients = (frozenset(row[key] for row in rows) for key in TRAINING_IMAGES)
    return TrainingImages(pixels, patients)
