"""training_images.csv: the images that a run has learnt from, or that its epoch was chosen on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from all_tf.runs.fields import CHOSEN_ON, LEARNT_FROM, TRAINING_IMAGES
from all_tf.runs.strict_reading import read_run_table
from all_tf.system.tables import write_csv

TRAINING_IMAGES_FILE = "training_images.csv"
PARENT_IMAGES_FILE = "parent_images.csv"  # Those of the run that it began from, and of its parents.


class UsedImage(NamedTuple):
    """An image that a run, or a calibration, has used."""

    pixels: str  # As `all_tf.data.pixel_digests.pixel_digests` gives it.
    patient: str
    use: str = LEARNT_FROM  # Or CHOSEN_ON: epoch, threshold and calibration were chosen on it.


@dataclass(frozen=True)
class TrainingImages:
    """What is known of the images that a run has used, when other records are scored.

    The patients are ids; those of another laboratory may be equal by chance.
    """

    pixels: frozenset[str]  # Of the images that it has learnt from.
    patients: frozenset[str]
    chosen: frozenset[str] = frozenset()  # Pixels of the images that it was chosen on.
    chosen_patients: frozenset[str] = frozenset()


def write_training_images(
    folder: Path, images: Iterable[UsedImage], *, file: str = TRAINING_IMAGES_FILE
) -> None:
    """Write a line for each image.

    Args:
        folder: Of a run, or of a calibration.
        images: Not empty.
        file: The name of the file.
    """
    write_csv(folder / file, [image._asdict() for image in images])


def read_training_images(
    folder: Path, *, file: str = TRAINING_IMAGES_FILE
) -> TrainingImages | None:
    """Read what `write_training_images` wrote; None where there is none, as in earlier versions.

    Raises:
        RunError: The file is damaged.
    """
    images = read_used_images(folder, file=file)
    return None if images is None else by_use(images)


def read_used_images(folder: Path, *, file: str) -> list[UsedImage] | None:
    """Each image of such a file; None where there is none.

    Earlier versions wrote only the images that a run has learnt from, and no column `use`.

    Raises:
        RunError: The file is damaged.
    """
    if not (folder / file).is_file():
        return None
    rows = read_run_table(folder / file, TRAINING_IMAGES, needed=("pixels", "patient"))
    return [UsedImage(**row) for row in rows]


def by_use(images: Iterable[UsedImage]) -> TrainingImages:
    """Gather pixels and patients by use."""
    images = list(images)
    learnt = [image for image in images if image.use == LEARNT_FROM]
    chosen = [image for image in images if image.use == CHOSEN_ON]
    return TrainingImages(
        frozenset(image.pixels for image in learnt),
        frozenset(image.patient for image in learnt),
        frozenset(image.pixels for image in chosen),
        frozenset(image.patient for image in chosen),
    )
