"""The networks that score new images: of a run, of each fold, or of several runs together."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras

from all_tf.config.experiment import Experiment
from all_tf.data.training_range import RANGE_FILE, read_range
from all_tf.evaluation.ensemble import members_of
from all_tf.evaluation.known_cells import load_known_cells
from all_tf.evaluation.predict import join_features
from all_tf.evaluation.run_weights import load_run
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.checksums import unchanged
from all_tf.runs.known_cells_file import KNOWN_CELLS_FILE, KnownCells
from all_tf.runs.members import runs_behind
from tfrecords.class_names import ClassNames, class_names_of


class Scorer(NamedTuple):
    """A network with what its run knows of cells; several together are an ensemble."""

    folder: Path  # Of the run.
    name: str  # Of that folder.
    experiment: Experiment
    model: keras.Model
    joined: keras.Model  # The same network with its features (`join_features`).
    calibration: Calibration
    ranges: dict[str, tuple[float, float]] | None  # Of `read_range`.
    known: KnownCells | None  # None for a run of an earlier version.
    classes: ClassNames  # Of the records that it was trained on.


def load_scorers(runs: Sequence[Path]) -> list[Scorer]:
    """Load the networks of runs; of a cross-validation or an ensemble, those of all its members.

    Args:
        runs: Folders of finished runs, of cross-validations, or of evaluated ensembles.

    Raises:
        RunError: A run is unfinished or damaged, or a network is named twice.
    """
    members = [member for run in runs for member in runs_behind(run)]
    return [_load(run) for run in (members_of(runs) if len(members) > 1 else members)]


def _load(run: Path) -> Scorer:
    loaded = load_run(run)
    for name in (RANGE_FILE, KNOWN_CELLS_FILE):
        unchanged(run / name)
    return Scorer(
        run,
        run.name,
        loaded.experiment,
        loaded.model,
        join_features(loaded.model),
        read_calibration(run),
        read_range(run),
        load_known_cells(run, loaded.model),
        class_names_of(loaded.facts),
    )
