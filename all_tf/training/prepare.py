"""Preparation of a training: the compiled network for an experiment and its cells."""

import sys
from dataclasses import asdict, replace
from pathlib import Path

import keras

from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.data.augmentation import build_augment
from all_tf.data.batches import steps_in_epoch
from all_tf.data.class_balance import STRATEGIES, Plan
from all_tf.data.splits import Data
from all_tf.evaluation.evaluate import build_loss
from all_tf.runs.parent import initial_weights
from all_tf.runs.records_digest import RecordsDigest
from all_tf.system.courtesy import courtesy
from all_tf.training.devices import device_scope, scale_losses_by_share
from all_tf.training.needs_text import describe_needs
from all_tf.training.network_size import network_size
from all_tf.training.prepared import Prepared
from all_tf.training.startup_text import describe_run
from all_tf.training.streaming_metrics import ConfusionMetrics
from all_tf.training.xla import compiles_step, step_compiler
from builders.classifier import Classifier, build_classifier
from builders.optimizers import build_optimizer, update_rules
from builders.registry import build_model
from builders.schedules import SCHEDULES
from tfrecords.store.identity import read_identity


def prepare(
    experiment: Experiment,
    data: Data,
    engine: Engine,
    *,
    done: int = 0,
    run: Path | None = None,
) -> Prepared:
    """Build the model of a training, and print the settings.

    Args:
        experiment: Settings of the training.
        data: Cells of the training.
        engine: Settings of the hardware and the compiler.
        done: Epochs that a saved state has behind it, which will replace all weights; 0 for none.
            The initial weights are then neither looked for nor downloaded.
        run: The run's folder, for what it will take of the disk; None to say nothing of it.

    Raises:
        ConfigError: There are too few devices, they cannot share a batch, or the engine lacks
            something that the experiment needs.
        WeightsError: The initial weights are not available.
    """
    plan = STRATEGIES[experiment.imbalance](data.fit.counts)
    steps = steps_in_epoch(data.fit, plan, batch_size=experiment.batch_size)
    built = replace(experiment, weights="none") if done else experiment
    with device_scope(experiment, engine):
        model = build_for(built, plan, engine, steps=steps)
    prepared = Prepared(experiment, data, plan, model)
    print(describe_run(prepared, steps=steps))
    print(_describe_engine(experiment, engine, steps=steps))
    with courtesy("The estimate of time, memory and disk"):
        size, devices = network_size(model), engine.devices
        print(describe_needs(prepared, size, run=run, devices=devices, done=done))
    sys.stdout.flush()
    return prepared


def _describe_engine(experiment: Experiment, engine: Engine, *, steps: int) -> str:
    compiled = "compiled by XLA" if compiles_step(engine) else "not compiled"
    return (
        f"  engine       {experiment.precision}, step {compiled}, "
        f"{engine.steps_a_call(steps)} of an epoch's {steps} steps a call"
    )


def build_for(experiment: Experiment, plan: Plan, engine: Engine, *, steps: int) -> Classifier:
    """Return the compiled classifier of an experiment.

    Args:
        experiment: Settings of the training.
        plan: The remedy for class imbalance.
        engine: Settings of the hardware and the compiler.
        steps: Number of steps in an epoch.
    """
    keras.utils.set_random_seed(experiment.seed)
    model = build_model(
        experiment.arch,
        image_size=experiment.image_size,
        weights=initial_weights(experiment),
        dropout=experiment.dropout,
        precision=experiment.precision,
    )
    per_call = engine.steps_a_call(steps)
    classifier = compile_for(experiment, model, plan, steps=steps, steps_per_execution=per_call)
    if engine.augments_in_step:
        classifier.augment = build_augment(
            experiment.augment, view=experiment.view, seed=experiment.seed
        )
        classifier.compile_step = step_compiler(engine)
    else:
        scale_losses_by_share(classifier)
    return classifier


def compile_for(
    experiment: Experiment,
    model: keras.Model,
    plan: Plan,
    *,
    steps: int,
    steps_per_execution: int,
) -> Classifier:
    """Compile a network, or its head, with the loss, optimizer and metrics of an experiment.

    Args:
        experiment: Settings of the training.
        model: Flat, with a layer `pooled` before the head.
        plan: The remedy for class imbalance.
        steps: Number of steps in an epoch.
        steps_per_execution: As `builders.classifier.build_classifier` takes it.
    """
    loss = build_loss(experiment, plan.class_weights)
    return build_classifier(
        model,
        loss=loss,
        optimizer=_optimizer(experiment, model, steps=steps),
        metrics=[ConfusionMetrics(loss)],
        ema=experiment.ema,
        steps_per_execution=steps_per_execution,
    )


def _optimizer(
    experiment: Experiment, model: keras.Model, *, steps: int
) -> keras.optimizers.Optimizer:
    learning_rate = SCHEDULES[experiment.schedule](
        experiment.learning_rate,
        steps=steps * experiment.epochs,
        warmup_steps=steps * experiment.warmup_epochs,
    )
    rules = update_rules(
        model,
        weight_decay=experiment.weight_decay,
        layer_decay=experiment.layer_decay,
        frozen_steps=steps * experiment.frozen_first,
    )
    return build_optimizer(
        experiment.optimizer,
        model,
        learning_rate=learning_rate,
        rules=rules,
        precision=experiment.precision,
    )


def config_facts(prepared: Prepared, records: Path, digest: RecordsDigest) -> dict:
    """Return the entries of config.json that follow from the experiment and the records."""
    experiment, data, plan, model = prepared
    return {
        "view": asdict(experiment.view),
        "num_parameters": model.count_params(),
        "class_weights": plan.class_weights,
        "draws": plan.draws,
        "group_power": plan.group_power,
        "folds": data.folds,
        "records": str(records.resolve()),
        "records_name": read_identity(records).name,
        **data.fit.classes.as_dict(),
        **digest.as_dict(),
    }
