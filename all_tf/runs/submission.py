"""The zip file that the challenge asks for: a decision for each image of the test split."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from all_tf.metrics.predictions import Predictions
from all_tf.runs.folder import RunError
from tfrecords.store.files import atomic_write

_MEMBER = "isbi_valid.predict"


def write_submission(path: Path, predictions: Predictions, *, threshold: float) -> None:
    """Write the zip file of the decisions.

    It holds isbi_valid.predict: a 0 or 1 (ALL) on each line, in the order of the image
    numbers.
    """
    with (
        atomic_write(path) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(_MEMBER, _text(predictions, threshold))


def check_submission(path: Path, predictions: Predictions, *, threshold: float) -> None:
    """Compare a zip file with the decisions that it has to hold.

    Raises:
        RunError: It is no such file, or holds other decisions.
    """
    expected = _text(predictions, threshold).encode()
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            with archive.open(_MEMBER) as file:
                found = file.read(len(expected) + 1)  # Whatever length the file claims.
    except (OSError, KeyError, ValueError, NotImplementedError, RuntimeError) as error:
        raise RunError(f"{path.name}: no zip file with {_MEMBER}: {error}") from error
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise RunError(f"{path.name}: damaged: {error}") from error
    if names != [_MEMBER] or found != expected:
        raise RunError(f"{path.name}: not the decisions that the predictions give")


def _text(predictions: Predictions, threshold: float) -> str:
    numbers = [int(Path(name).stem) for name in predictions.names]
    decisions = predictions.decisions(threshold)[np.argsort(numbers)]
    return "".join(f"{decision}\n" for decision in decisions)
