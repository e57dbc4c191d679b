"""Backup of the training state after each epoch, and its restoration in another process."""

from pathlib import Path

import keras
import numpy as np

from all_tf.runs.folder import RunError, write_status
from all_tf.training.callbacks.best_weights import BestWeights
from all_tf.training.callbacks.epoch_log import CSVHistory
from all_tf.training.checkpoint import TrainingProgress, read_state, reset_best, save_state
from builders.classifier import Classifier


class BackupState(keras.callbacks.Callback):
    """Saves the state after each epoch; the last in the list of callbacks.

    Args:
        run: The run's folder.
        best: Callback with the best epoch.
        history: Callback with the metrics of all epochs.
        network: Whose weights are saved; None for the model that is trained.
    """

    def __init__(
        self,
        run: Path,
        *,
        best: BestWeights,
        history: CSVHistory,
        network: keras.Model | None = None,
    ):
        super().__init__()
        self._network = network
        self._run, self._best, self._history = run, best, history

    def on_epoch_end(self, epoch, logs=None):
        progress = TrainingProgress(
            epoch=epoch + 1,
            ended=epoch + 1 == self.params["epochs"] or self.model.stop_training,
            best_epoch=self._best.best_epoch,
            best=None if self._best.best_epoch is None else float(self._best.best),
            history=self._history.rows,
        )
        arrays = {
            name: keras.ops.convert_to_numpy(variable)
            for name, variable in _variables(self.model, self._network).items()
        }
        save_state(self._run, progress, arrays)
        write_status(self._run, "running", epochs_done=epoch + 1)


def restore_state(
    model: Classifier,
    run: Path,
    state: Path | None,
    *,
    best: BestWeights,
    history: CSVHistory,
    network: keras.Model | None = None,
) -> TrainingProgress:
    """Restore a saved state: the model, its callbacks and the run's folder.

    Args:
        model: The compiled model, as at the beginning of the run.
        run: The run's folder; best weights and history of epochs after the state are removed.
        state: A state from `all_tf.training.checkpoint.newest_state`; None for the beginning.
        best: Callback whose best epoch is restored too.
        history: Callback whose metrics of all epochs are restored too.
        network: As `BackupState` takes it.

    Returns:
        The progress of the state.

    Raises:
        RunError: The state is of another model.
    """
    progress = TrainingProgress()
    if state is not None:
        # In half precision Keras wraps the optimizer in one whose loss scale is a variable too;
        # variables that are not built yet would silently not be restored.
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        progress, arrays = read_state(state)
        _assign(_variables(model, network), arrays, state)
    reset_best(run, state)
    best.restore(progress.best_epoch, progress.best)
    history.restore(progress.history)
    return progress


def _assign(
    variables: dict[str, keras.Variable], arrays: dict[str, np.ndarray], state: Path
) -> None:
    there, here = _shapes(arrays), _shapes(variables)
    if there != here:
        raise RunError(
            f"{state} is not a state of this model; the program has changed since. Resume with "
            f"the version that environment.json names, or train again. Received: {len(there)} "
            f"arrays, {len(here)} variables, {len(there.items() ^ here.items()) // 2} differing"
        )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _variables(model: Classifier, network: keras.Model | None) -> dict[str, keras.Variable]:
    """Return all variables that a step changes: weights, statistics, seeds, moments, averages.

    They are named by position, because some of Keras' names depend on what the process has built
    before.
    """
    parts = {
        "model": (model if network is None else network).variables,
        "optimizer": model.optimizer.variables,
        "averages": model.averages.variables if model.averages else [],
    }
    return {
        f"{part}-{index:04d}": variable
        for part, variables in parts.items()
        for index, variable in enumerate(variables)
    }


def _shapes(arrays) -> dict[str, tuple]:
    return {name: (tuple(x.shape), str(np.dtype(x.dtype))) for name, x in arrays.items()}
