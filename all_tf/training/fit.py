"""One fit: batches, callbacks in their order, and the weights of the best epoch."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from keras.callbacks import Callback, LambdaCallback

from all_tf.config.experiment import Experiment
from all_tf.data.augmentation import augment_batches, build_augment
from all_tf.data.batches import epoch_order, images_in_epoch, steps_in_epoch, training_batches
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.cells import Cells
from all_tf.data.class_balance import Plan
from all_tf.estimates.costs import COSTS
from all_tf.evaluation.predict import batches_to_score
from all_tf.evaluation.run_weights import BEST_FILE, load_weights
from all_tf.runs.folder import EVENTS_FOLDER, HISTORY_FILE, RunError
from all_tf.runs.history_file import typical_speed
from all_tf.system.courtesy import courtesy
from all_tf.system.signals import defer_signals, raise_deferred
from all_tf.training.callbacks.backup_and_restore import BackupState, restore_state
from all_tf.training.callbacks.batch_norm import RefreshBatchNorm
from all_tf.training.callbacks.best_weights import BestWeights, LastWeights
from all_tf.training.callbacks.early_stopping import EarlyStopping
from all_tf.training.callbacks.epoch_log import CSVHistory, Speed, WithoutValidation
from all_tf.training.callbacks.freeze_backbone import FreezeBackbone
from all_tf.training.callbacks.progress_bar import ProgressBar
from all_tf.training.callbacks.terminate_on_nan import TerminateOnNonFinite
from all_tf.training.callbacks.time_limit import TimeLimit
from all_tf.training.event_files import drop_events_after, rename_former_entry
from all_tf.training.linear_probe import batches_of_features, build_head
from all_tf.training.prepared import Prepared
from all_tf.training.watch import board_callbacks
from builders.classifier import Classifier
from builders.weight_ema import WeightAverages

_TYPICAL_IMAGES = 512  # For the statistics of batch norm; 1,024 were no better.


class Fitted(NamedTuple):
    """Results of a fit, apart from the weights in the model."""

    best_epoch: int  # From 1.
    images_per_second: float  # See `typical_speed`.


def fit(
    prepared: Prepared,
    *,
    run: Path,
    selection: tf.data.Dataset | None,
    state: Path | None = None,
    watchers: Sequence[Callback] = (),
) -> Fitted:
    """Train to the last epoch or until patience ends; the model then has the best weights.

    Args:
        prepared: The model and its training data.
        run: The folder for the history and the best weights.
        selection: The batches of `data.selection`; None if no epoch is chosen and the last is kept.
        state: The state of an earlier process to resume from
            (`all_tf.training.checkpoint.newest_state`); None to begin at the first epoch. Files of
            later epochs in the run are removed.
        watchers: Callbacks that run after all others and change nothing.

    Raises:
        NonFiniteError: The loss is infinite or not a number.
        KeyboardInterrupt: A signal was received (`all_tf.system.signals`); the step was finished.
        RunError: No epoch had a finite metric to choose by, or the state is of another model.
    """
    experiment, _, _, model = prepared
    learner = build_head(prepared) if experiment.is_linear_probe else model
    keep = BestWeights if experiment.chooses else LastWeights
    best = keep(run / BEST_FILE, monitor=experiment.monitor, network=model)
    history = CSVHistory(run / HISTORY_FILE)
    progress = restore_state(learner, run, state, best=best, history=history, network=model)
    with courtesy("The removal of later epochs from TensorBoard"):
        steps = steps_in_epoch(prepared.data.fit, prepared.plan, batch_size=experiment.batch_size)
        rename_former_entry(run / EVENTS_FOLDER)
        drop_events_after(run / EVENTS_FOLDER, progress.epoch, steps_an_epoch=steps)
    if not progress.ended:
        epochs = range(progress.epoch, experiment.last_epoch or experiment.epochs)
        minutes = experiment.max_minutes
        limit = TimeLimit(history, minutes=minutes) if minutes else None
        board = board_callbacks(prepared, learner, run=run, best=best, history=history, limit=limit)
        callbacks = _callbacks(
            prepared, learner, best=best, history=history, board=board, limit=limit
        )
        callbacks.append(BackupState(run, best=best, history=history, network=model))
        with defer_signals():
            batches, selection = _batches(prepared, epochs, selection)
            _fit_epochs(learner, batches, epochs, selection, [*callbacks, *watchers])
    if best.best_epoch is None:
        raise RunError(
            f"No epoch had a finite {experiment.monitor}, so that none can be chosen. "
            "Lower --learning-rate."
        )
    load_weights(model, run / BEST_FILE)
    return Fitted(best.best_epoch, typical_speed(history.rows, experiment))


def _fit_epochs(
    learner: Classifier,
    batches: tf.data.Dataset,
    epochs: range,
    selection: tf.data.Dataset | None,
    callbacks: Sequence[Callback],
) -> None:
    learner.fit(
        batches,
        steps_per_epoch=int(batches.cardinality()) // len(epochs),
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        validation_data=selection,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )


def _batches(
    prepared: Prepared, epochs: range, selection: tf.data.Dataset | None
) -> tuple[tf.data.Dataset, tf.data.Dataset | None]:
    """What is learnt from and what the epoch is chosen on: images, or features for a probe."""
    if prepared.experiment.is_linear_probe:
        return batches_of_features(prepared, epochs)
    return batches_to_fit(prepared, epochs), selection


def batches_to_fit(prepared: Prepared, epochs: range) -> tf.data.Dataset:
    """Return the batches of some epochs for the training step (`training_batches`)."""
    experiment, data, plan, model = prepared
    batches = training_batches(
        data.fit,
        plan,
        lookup=canvas_lookup(data.fit, experiment.view, title="training set"),
        batch_size=experiment.batch_size,
        seed=experiment.seed,
        epochs=epochs,
    )
    if model.augment is not None:
        return batches
    augment = build_augment(experiment.augment, view=experiment.view, seed=experiment.seed)
    steps = steps_in_epoch(data.fit, plan, batch_size=experiment.batch_size)
    return augment_batches(batches, augment, first_step=steps * epochs.start)


def _callbacks(
    prepared: Prepared,
    learner: Classifier,
    *,
    best: BestWeights,
    history: CSVHistory,
    board: Sequence[Callback],
    limit: TimeLimit | None,
) -> list[Callback]:
    """Return the callbacks in order: the weights that are validated are those that are saved."""
    experiment, data, plan, _ = prepared
    num_validated = len(data.selection) if experiment.chooses else 0
    frozen, patience, averages = experiment.frozen_first, experiment.patience, learner.averages
    before_validation = _before_validation(prepared, averages)
    callbacks = [
        LambdaCallback(
            on_train_batch_end=lambda batch, logs: raise_deferred(),
            on_test_batch_end=lambda batch, logs: raise_deferred(),
        ),
        TerminateOnNonFinite(partial(_images_of, data.fit, experiment, plan)),
        None if experiment.chooses else WithoutValidation(before_validation),
        FreezeBackbone(frozen) if frozen else None,
        *before_validation,
        limit,
        best,
        LambdaCallback(on_epoch_end=lambda epoch, logs: averages.swap()) if averages else None,
        history,
        *board,
        ProgressBar(
            best,
            validation_steps=-(-num_validated // experiment.batch_size),
            freeze_epochs=frozen,
            limit=limit,
            build_seconds=COSTS[experiment.arch].build if experiment.arch in COSTS else None,
        ),
        EarlyStopping(best, patience=patience, freeze_epochs=frozen) if patience else None,
    ]
    return [callback for callback in callbacks if callback is not None]


def _before_validation(prepared: Prepared, averages: WeightAverages | None) -> list[Callback]:
    """Return what comes between the last step of an epoch and its validation, in order."""
    experiment, data, plan, _ = prepared
    return [
        Speed(images_in_epoch(data.fit, plan)),
        # Averages are swapped in before batch norm is estimated, and out after they are saved.
        *([LambdaCallback(on_test_begin=lambda logs: averages.swap())] if averages else []),
        RefreshBatchNorm(_typical_batches(data.fit, experiment, plan)),
    ]


def _images_of(
    fit: Cells, experiment: Experiment, plan: Plan, epoch: int, steps: range
) -> list[str]:
    """Names of the images of some steps, both counted from 0."""
    order = epoch_order(fit, plan, seed=experiment.seed, epoch=epoch)
    size = experiment.batch_size
    return fit.names[order[steps.start * size : steps.stop * size]].tolist()


def _typical_batches(fit: Cells, experiment: Experiment, plan: Plan) -> tf.data.Dataset:
    """Return some training images without augmentation, with the class shares of training.

    All batches are full, so that no image is repeated as padding.
    """
    order = epoch_order(fit, plan, seed=experiment.seed, epoch=0)
    batch_size = min(experiment.batch_size, len(order))
    num_batches = min(-(-_TYPICAL_IMAGES // batch_size), len(order) // batch_size)
    typical = fit.take(order[: num_batches * batch_size])
    smaller = replace(experiment, batch_size=batch_size)
    return batches_to_score(typical, smaller, title="batch-norm images")
