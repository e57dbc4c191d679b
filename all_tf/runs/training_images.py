"""training_images.csv: the pixels and the patients of the images that a run was trained on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from all_tf.runs.fields import TRAINING_IMAGES
from all_tf.runs.strict_reading import read_run_table
from all_tf.system.tables import write_csv

TRAINING_IMAGES_FILE = "training_images.csv"
PARENT_IMAGES_FILE = "parent_images.csv"  # Those of the run that it began from, and of its parents.


@dataclass(frozen=True)
class TrainingImages:
    """What is known of the training images of a run when other records are scored."""

    pixels: frozenset[str]  # As `all_tf.data.pixel_digests.pixel_digests` gives them.
    patients: frozenset[str]  # Ids; those of another laboratory may be equal by chance.


def write_training_images(
    folder: Path,
    *,
    pixels: Sequence[str],
    patients: Iterable[str],
    file: str = TRAINING_IMAGES_FILE,
) -> None:
    """Write a line for each image.

    Args:
        folder: Of a run, or of a calibration.
        pixels: The digest of each image, not empty.
        patients: The patient of each image.
        file: The name of the file.
    """
    rows = zip(pixels, patients, strict=True)
    columns = [dict(zip(TRAINING_IMAGES, row, strict=True)) for row in rows]
    write_csv(folder / file, columns)


def read_training_images(
    folder: Path, *, file: str = TRAINING_IMAGES_FILE
) -> TrainingImages | None:
    """Read what `write_training_images` wrote; None where there is none, as in earlier versions.

    Raises:
        RunError: The file is damaged.
    """
    pairs = read_pairs(folder, file=file)
    return None if pairs is None else images_of(pairs)


def read_pairs(folder: Path, *, file: str) -> list[tuple[str, str]] | None:
    """Pixels and patient of each image of such a file; None where there is none.

    Raises:
        RunError: The file is damaged.
    """
    if not (folder / file).is_file():
        return None
    rows = read_run_table(folder / file, TRAINING_IMAGES, needed=TRAINING_IMAGES)
    return [(row["pixels"], row["patient"]) for row in rows]


def images_of(pairs: Iterable[tuple[str, str]]) -> TrainingImages:
    """What is known of images, each given by its pixels and its patient."""
    pairs = list(pairs)
    return TrainingImages(
        frozenset(pixels for pixels, _ in pairs), frozenset(patient for _, patient in pairs)
    )
