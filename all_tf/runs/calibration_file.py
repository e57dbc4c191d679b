"""Reads and writes calibration.json of a run."""

from dataclasses import asdict
from pathlib import Path

from all_tf.metrics.calibration import Calibration
from all_tf.runs.fields import CALIBRATION
from all_tf.runs.folder import CALIBRATION_FILE, RunError, write_json
from all_tf.runs.strict_reading import read_object
from all_tf.system.checks import ConfigError


def write_calibration(run: Path, calibration: Calibration) -> None:
    """Write calibration.json of a run."""
    write_json(run / CALIBRATION_FILE, asdict(calibration))


def read_calibration(run: Path) -> Calibration:
    """Read calibration.json of a run.

    Raises:
        RunError: The file is damaged, or missing: the run has not ended, or an earlier version
            trained it.
    """
    path = run / CALIBRATION_FILE
    if not path.is_file():
        raise RunError(
            f"{run} has no {CALIBRATION_FILE}: its training has not ended, or an earlier version "
            "trained it. Train again."
        )
    try:
        return Calibration(**read_object(path, CALIBRATION, needed=CALIBRATION))
    except ConfigError as error:
        raise RunError(f"{path} is damaged or from another version: {error}") from error
