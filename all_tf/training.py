"""From an experiment and records to a run on disk: the orchestrator."""

from dataclasses import asdict, replace
from pathlib import Path

import keras
import tensorflow as tf

from all_tf import reports
from all_tf.augmentation import build_augment
from all_tf.batch_norm import RefreshBatchNorm
from all_tf.callbacks import BestWeights, HistoryFile, ProgressLine, TensorBoardScalars
from all_tf.cells import Cells
from all_tf.checkpoints import BEST_FILE, RunError, load_weights, write_config
from all_tf.config import Experiment
from all_tf.imbalance import STRATEGIES, Plan
from all_tf.metrics import StreamedFigures
from all_tf.pipeline import canvas_lookup, epoch_order, steps_in_epoch, training_batches
from all_tf.protocols import Data, load_data, selection_set
from all_tf.scoring import (
    batches_to_score,
    build_report,
    evaluation_folder,
    file_evaluation,
    predict,
)
from builders.classifier import Classifier, build_classifier
from builders.losses import WeightedBinaryCrossentropy
from tfrecords.folds import FOLDS_FILE
from tfrecords.manifest import MANIFEST_FILE, digest_file

_TYPICAL_IMAGES = 512  # From which batch norm's statistics are estimated; 1,024 were no better.


def train(experiment: Experiment, records: Path, run: Path, *, trusted: bool = False) -> list[dict]:
    """Train, choose the best epoch, score it, and leave all that is needed to judge it in `run`.

    Args:
        experiment: What to do, and under which protocol (`all_tf.protocols.load_data`).
        records: A records directory.
        run: A folder that does not exist, or is empty.
        trusted: Check the lengths of the shards only, not their SHA-256.

    Returns:
        The reports: the best epoch on the selection set, as metrics.json holds it, and then, under
        the honest protocol, on the preliminary phase, if the records have it.

    Raises:
        RunError: The folder is taken, or no epoch had a finite figure to choose by.
        RecordsError, SplitError, WeightsError: Something needed is missing; nothing was written.
    """
    if run.exists() and any(run.iterdir()):
        raise RunError(
            f"{run} is not empty, and no run overwrites another. Name another --run-dir."
        )
    data = load_data(experiment, records, trusted=trusted)
    plan = STRATEGIES[experiment.imbalance](data.fit.counts)
    steps = steps_in_epoch(data.fit.labels, draws=plan.draws, batch_size=experiment.batch_size)
    model = _build(experiment, plan)
    print(reports.describe_run(experiment, data, plan, model, steps=steps), flush=True)
    run.mkdir(parents=True, exist_ok=True)
    facts = _facts(experiment, records, plan, folds=data.folds)
    write_config(run, experiment, facts)
    reports.write_environment(run / "environment.json")
    selection = batches_to_score(data.selection, experiment, title="selection set")
    best_epoch = _fit(model, experiment, data, plan, run=run, selection=selection)

    def score(cells: Cells, batches: tf.data.Dataset, split: str, fold: int | None):
        predictions = predict(model, batches, cells)
        return predictions, build_report(
            predictions, experiment, facts, split=split, fold=fold, best_epoch=best_epoch
        )

    predictions, report = score(data.selection, selection, *selection_set(experiment))
    report["weights_sha256"] = digest_file(run / BEST_FILE)
    file_evaluation(run, report, predictions)
    if data.held_out is None:
        return [report]
    held_out = batches_to_score(data.held_out, experiment, title="preliminary phase")
    predictions, final = score(data.held_out, held_out, "validation", None)
    file_evaluation(evaluation_folder(run, "validation", None), final, predictions)
    return [report, final]


def _build(experiment: Experiment, plan: Plan) -> Classifier:
    keras.utils.set_random_seed(experiment.seed)
    loss = WeightedBinaryCrossentropy(plan.class_weights)
    model = build_classifier(
        experiment.arch,
        image_size=experiment.image_size,
        weights=experiment.weights,
        loss=loss,
        learning_rate=experiment.learning_rate,
        metrics=[StreamedFigures(loss)],
    )
    model.augment = build_augment(experiment.augment, view=experiment.view, seed=experiment.seed)
    return model


def _facts(experiment: Experiment, records: Path, plan: Plan, *, folds: str) -> dict:
    """What follows from the experiment and the records, for whoever judges or resumes the run."""
    return {
        "view": asdict(experiment.view),
        "class_weights": plan.class_weights,
        "draws": plan.draws,
        "folds": folds,
        "records": str(records.resolve()),
        "manifest_sha256": digest_file(records / MANIFEST_FILE),
        "folds_sha256": digest_file(records / FOLDS_FILE),
    }


def _fit(
    model: Classifier,
    experiment: Experiment,
    data: Data,
    plan: Plan,
    *,
    run: Path,
    selection: tf.data.Dataset,
) -> int:
    """Train for all epochs, leave the best one's weights in the model, and say which it was."""
    batches = training_batches(
        data.fit,
        lookup=canvas_lookup(data.fit, experiment.view, title="training set"),
        draws=plan.draws,
        batch_size=experiment.batch_size,
        seed=experiment.seed,
        epochs=range(experiment.epochs),
    )
    best = BestWeights(run / BEST_FILE, monitor=experiment.monitor)
    model.fit(
        batches,
        steps_per_epoch=int(batches.cardinality()) // experiment.epochs,
        epochs=experiment.epochs,
        validation_data=selection,
        shuffle=False,
        verbose=0,
        callbacks=[
            RefreshBatchNorm(_typical_batches(data.fit, experiment, plan)),
            best,  # Before the line that says whether an epoch was the best.
            HistoryFile(run / "history.csv"),
            TensorBoardScalars(run / "tensorboard"),
            ProgressLine(best, num_images=(len(data.fit), len(data.selection))),
        ],
    )
    if best.best_epoch is None:
        raise RunError(
            f"No epoch had a finite {experiment.monitor}; there is nothing to choose. "
            "Lower --learning-rate."
        )
    load_weights(model, run / BEST_FILE)
    return best.best_epoch


def _typical_batches(fit: Cells, experiment: Experiment, plan: Plan) -> tf.data.Dataset:
    """Some training images as validation would see them, classes mixed as in training.

    Whole batches, so that no image is repeated to fill one up.
    """
    order = epoch_order(fit.labels, draws=plan.draws, seed=experiment.seed, epoch=0)
    batch_size = min(experiment.batch_size, len(order))
    num_batches = min(-(-_TYPICAL_IMAGES // batch_size), len(order) // batch_size)
    typical = fit.take(order[: num_batches * batch_size])
    smaller = replace(experiment, batch_size=batch_size)
    return batches_to_score(typical, smaller, title="batch-norm images")
