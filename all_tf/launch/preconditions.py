"""Checks of a training's records, fold, weights and folder, before TensorFlow is imported."""

from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.runs.ownership import require_empty
from all_tf.runs.parent import read_parent
from all_tf.system.checks import ConfigError
from all_tf.system.outputs import require_folder
from builders.architecture_info import CATALOGUE
from builders.packaged_weights import packaged_file
from tfrecords.store.folds import require_fold
from tfrecords.store.leakage import read_proof
from tfrecords.store.manifest import verify_split

_NO_FILES = ("imagenet", "none")  # Values of `Experiment.weights` that are no path.


def require_startable(
    experiment: Experiment, records: Path, run: Path, *, begun: Path | None = None
) -> None:
    """Raise where a training would be refused later, after everything was loaded.

    Args:
        experiment: Settings of the training.
        records: A records directory.
        run: The run's folder.
        begun: A finished run that is gone on with, so that no initial weights are needed.

    Raises:
        ConfigError: The file of weights is missing, or the run that is to be begun from has another
            architecture.
        FileNotFoundError: The package that holds the ImageNet weights is not installed.
        RecordsError, FoldsError, LeakageError: There are no records, a file of them is missing or
            cut short, there is no such fold, or no proof that the folds do not leak.
        RunError, OSError: The folder is not empty, or cannot be written; or there is no finished
            run to begin from.
    """
    require_folder(run)
    require_empty(run)
    for split in ("train", "validation")[: 1 + (experiment.protocol == "study")]:
        verify_split(records, split, trusted=True)
    read_proof(records)
    if experiment.protocol == "honest" and experiment.fold is not None:
        require_fold(records, experiment.fold)
    if not begun:
        require_weights(experiment)


def require_weights(experiment: Experiment) -> None:
    """Raise where the network that a training begins from is missing, or is another one.

    Raises:
        ConfigError, RunError, FileNotFoundError: As `require_startable`.
    """
    if read_parent(experiment) is not None:
        return
    if starts_from_file(experiment) and not Path(experiment.weights).is_file():
        raise ConfigError(
            f"No such file of weights: {experiment.weights}. Name one, or a finished run's folder."
        )
    if experiment.weights == "imagenet" and (package := CATALOGUE[experiment.arch].package):
        packaged_file(package)


def starts_from_file(experiment: Experiment) -> bool:
    """Return whether the initial weights are those of a file."""
    return experiment.weights not in _NO_FILES
