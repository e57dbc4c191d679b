"""From an experiment and records to a run on disk: the orchestrator."""

from dataclasses import asdict
from pathlib import Path

import keras
import tensorflow as tf

from all_tf import reports
from all_tf.augmentation import build_augment
from all_tf.cells import Cells
from all_tf.checkpoints import BEST_FILE
from all_tf.config import Experiment
from all_tf.fitting import fit
from all_tf.imbalance import STRATEGIES, Plan
from all_tf.metrics import StreamedFigures
from all_tf.pipeline import steps_in_epoch
from all_tf.protocols import load_data, selection_set
from all_tf.runs import RunError, evaluation_folder, write_config
from all_tf.scoring import (
    batches_to_score,
    build_loss,
    build_report,
    file_evaluation,
    predict,
)
from builders.classifier import Classifier, build_classifier
from builders.optimizers import build_optimizer
from builders.registry import build_model
from builders.schedules import SCHEDULES
from tfrecords.folds import FOLDS_FILE
from tfrecords.manifest import MANIFEST_FILE, digest_file


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
    steps = steps_in_epoch(data.fit, plan, batch_size=experiment.batch_size)
    model = _build(experiment, plan, steps=steps)
    print(reports.describe_run(experiment, data, plan, model, steps=steps), flush=True)
    run.mkdir(parents=True, exist_ok=True)
    facts = _facts(experiment, records, plan, model, folds=data.folds)
    write_config(run, experiment, facts)
    reports.write_environment(run / "environment.json")
    selection = batches_to_score(data.selection, experiment, title="selection set")
    fitted = fit(model, experiment, data, plan, run=run, selection=selection)

    def score(cells: Cells, batches: tf.data.Dataset, split: str, fold: int | None):
        predictions = predict(model, batches, cells)
        return predictions, build_report(
            predictions, experiment, facts, split=split, fold=fold, best_epoch=fitted.best_epoch
        )

    predictions, report = score(data.selection, selection, *selection_set(experiment))
    report |= {
        "num_parameters": facts["num_parameters"],
        "images_per_second": fitted.images_per_second,
        "weights_sha256": digest_file(run / BEST_FILE),
    }
    file_evaluation(run, report, predictions)
    if data.held_out is None:
        return [report]
    held_out = batches_to_score(data.held_out, experiment, title="preliminary phase")
    predictions, final = score(data.held_out, held_out, "validation", None)
    file_evaluation(evaluation_folder(run, "validation", None), final, predictions)
    return [report, final]


def _build(experiment: Experiment, plan: Plan, *, steps: int) -> Classifier:
    keras.utils.set_random_seed(experiment.seed)
    model = build_model(
        experiment.arch,
        image_size=experiment.image_size,
        weights=experiment.weights,
        dropout=experiment.dropout,
    )
    loss = build_loss(experiment, plan.class_weights)
    classifier = build_classifier(
        model,
        loss=loss,
        optimizer=_optimizer(experiment, model, steps=steps),
        metrics=[StreamedFigures(loss)],
        ema=experiment.ema,
    )
    classifier.augment = build_augment(
        experiment.augment, view=experiment.view, seed=experiment.seed
    )
    return classifier


def _optimizer(
    experiment: Experiment, model: keras.Model, *, steps: int
) -> keras.optimizers.Optimizer:
    learning_rate = SCHEDULES[experiment.schedule](
        experiment.learning_rate,
        steps=steps * experiment.epochs,
        warmup_steps=steps * experiment.warmup_epochs,
    )
    return build_optimizer(
        experiment.optimizer,
        model,
        learning_rate=learning_rate,
        weight_decay=experiment.weight_decay,
        layer_decay=experiment.layer_decay,
        frozen_steps=steps * experiment.freeze_epochs,
    )


def _facts(
    experiment: Experiment, records: Path, plan: Plan, model: Classifier, *, folds: str
) -> dict:
    """What follows from the experiment and the records, for whoever judges or resumes the run."""
    return {
        "view": asdict(experiment.view),
        "num_parameters": model.count_params(),
        "class_weights": plan.class_weights,
        "draws": plan.draws,
        "group_power": plan.group_power,
        "folds": folds,
        "records": str(records.resolve()),
        "manifest_sha256": digest_file(records / MANIFEST_FILE),
        "folds_sha256": digest_file(records / FOLDS_FILE),
    }
