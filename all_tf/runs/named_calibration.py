"""A calibration fitted on somebody's own cells, kept under a name beside a run's own."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.checksums import unchanged
from all_tf.runs.errors import RunError
from all_tf.runs.fields import FIT
from all_tf.runs.folder import CALIBRATION_FILE, CALIBRATIONS_FOLDER, FIT_FILE, refuse_links
from all_tf.runs.strict_reading import read_object
from all_tf.runs.training_images import (
    TRAINING_IMAGES_FILE,
    TrainingImages,
    read_training_images,
)
from all_tf.system.script_command import script_command

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class NamedCalibration(NamedTuple):
    """A calibration with what it was fitted on."""

    name: str
    calibration: Calibration
    images: TrainingImages  # That it was fitted on.
    fit: dict  # As fit.json holds it.

    def refuse_fitted(self, pixels: Sequence[str], names: Sequence[str]) -> None:
        """Raise where a set holds an image that this calibration was fitted on.

        Args:
            pixels: Digests of the images of the set.
            names: Of these images, in the same order.

        Raises:
            RunError: There is such an image.
        """
        met = self.fitted_on(pixels)
        if any(met):
            first = next(name for name, fitted in zip(names, met, strict=True) if fitted)
            raise RunError(
                f"{sum(met):,} of these {len(met):,} images are among those that the calibration "
                f"{self.name!r} was fitted on, so that its metrics on them would be too good. "
                "Score other patients, or leave out --calibration. What it is worth stands in its "
                f"{FIT_FILE}. The first of them: {first}"
            )

    def fitted_on(self, pixels: Sequence[str]) -> list[bool]:
        """Whether the calibration was fitted on each image, by the digests of their pixels."""
        return [each in self.images.pixels for each in pixels]


def calibration_folder(run: Path, name: str) -> Path:
    """Where a run, or a cross-validation, keeps a calibration.

    Raises:
        RunError: The name is none for a folder: letters, digits, `_`, `-` and `.` only.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise RunError(
            "Expected a name of up to 64 letters, digits, _, - and . that begins with a letter or "
            f"digit. Received: {name[:80]!r}"
        )
    return run / CALIBRATIONS_FOLDER / name


def require_named(run: Path, name: str) -> Path:
    """Return the folder of a calibration of a run.

    Raises:
        RunError: There is none of that name.
    """
    folder = calibration_folder(run, name)
    if not (folder / FIT_FILE).is_file():
        there = (path.parent.name for path in folder.parent.glob(f"*/{FIT_FILE}"))
        known = sorted(filter(NAME_PATTERN.fullmatch, there))
        has = f"It has {', '.join(known)}." if known else "It has none."
        made = script_command("calibrate.py", run, "--records", "DIR", "--name", name)
        raise RunError(f"{run} has no calibration {name!r}. {has} Make one: {made}")
    return folder


def read_named(run: Path, name: str, *, network_sha256: str) -> NamedCalibration:
    """Read a calibration of a run by its name.

    Args:
        run: A run, or a cross-validation.
        name: As it was given to scripts/calibrate.py.
        network_sha256: Of the run's weights (`network_digest`).

    Raises:
        RunError: There is none of that name, it is damaged, or it is another network's.
    """
    folder = require_named(run, name)
    refuse_links(folder, files=True)
    for file in (FIT_FILE, CALIBRATION_FILE, TRAINING_IMAGES_FILE):
        unchanged(folder / file)
    fit = read_object(folder / FIT_FILE, FIT, needed=FIT)
    images = read_training_images(folder)
    if images is None or fit["name"] != name:
        raise RunError(
            f"{folder / FIT_FILE} is damaged, or its folder was renamed. Make it again by "
            "calibrate.py."
        )
    if fit["network_sha256"] != network_sha256:
        raise RunError(
            f"{folder / FIT_FILE} was fitted to the logits of another network than that of {run} "
            "(SHA-256 of the weights). Make one for this network by calibrate.py."
        )
    return NamedCalibration(name, read_calibration(folder), images, fit)
