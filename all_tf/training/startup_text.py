"""The settings of a run as text, printed before its first step."""

import math

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells
from all_tf.data.splits import Data
from all_tf.runs.stamps import selected_on
from all_tf.training.prepared import Prepared
from tfrecords.counted import counted

# Fields of an experiment that are printed only if they differ from their defaults.
_FINE_TUNING = (
    "loss",
    "label_smoothing",
    "weight_decay",
    "schedule",
    "warmup_epochs",
    "freeze_epochs",
    "layer_decay",
    "dropout",
    "ema",
    "patience",
)


def describe_run(prepared: Prepared, *, steps: int) -> str:
    """Describe in a few lines what a run will do.

    Args:
        prepared: The training.
        steps: Number of steps in an epoch.
    """
    experiment, data, plan, model = prepared
    view, (negative, positive) = experiment.view, data.fit.classes
    learner = model.get_layer("logit") if experiment.is_linear_probe else model
    trainable = sum(math.prod(weight.shape) for weight in learner.trainable_weights)
    augment = ", ".join(experiment.augment) or "none"
    if plan.draws is None:
        remedy = f"class weights {negative} {{:.3f}}, {positive} {{:.3f}}"
        remedy = remedy.format(*plan.class_weights)
    else:
        remedy = f"{negative} images an epoch {{:,}}, {positive} {{:,}}, by repetition"
        remedy = remedy.format(*plan.draws)
        if plan.group_power:
            remedy += f", a group's share is its size to the power {1 - plan.group_power:g}"
    lines = [
        f"{experiment.arch}: {model.count_params():,} parameters, {trainable:,} of them trainable; "
        f"weights: {experiment.weights}",
        f"  view         central {view.crop} px of an image at {view.output} px",
        f"  learn from   {_count(data.fit)}",
        f"  choose on    {_choice(experiment, data)}",
        f"  score once   {_held_out(experiment, data)}",
        f"  imbalance    {experiment.imbalance}: {remedy}",
        f"  augment      {augment}",
        f"  steps        {steps} of {experiment.batch_size} images an epoch, "
        f"{counted(experiment.last_epoch or experiment.epochs, 'epoch')}, "
        f"{experiment.optimizer} at {experiment.learning_rate:g}{_time_limit(experiment)}",
    ]
    tuned = [
        f"{name} {getattr(experiment, name)}"
        for name in _FINE_TUNING
        if getattr(experiment, name) != getattr(Experiment, name)
    ]
    if experiment.is_linear_probe:
        lines.append("  frozen       the backbone, in all epochs; its features are computed once")
        if experiment.weights == "none":  # The signal fades in a deep network; docs/decisions/0028.
            lines.append("               with random weights: they may be the same for each cell")
    return "\n".join([*lines, *([f"  fine-tuning  {', '.join(tuned)}"] if tuned else [])])


def _time_limit(experiment: Experiment) -> str:
    minutes = experiment.max_minutes
    return "" if minutes is None else f"; ends after {minutes:g} minutes, in any step"


def _threshold_rule(experiment: Experiment) -> str:
    least = experiment.min_sensitivity
    return f"a sensitivity of at least {least:g}" if least else "the highest kappa"


def _choice(experiment: Experiment, data: Data) -> str:
    if not experiment.chooses:
        return f"nothing: epochs, threshold and calibration are those of {selected_on(experiment)}"
    return (
        f"{_count(data.selection)} ({selected_on(experiment)}), by {experiment.monitor}; threshold "
        f"by {_threshold_rule(experiment)}"
    )


def _held_out(experiment: Experiment, data: Data) -> str:
    """What is scored at the end, and without it whether the result can be an honest one."""
    if data.held_out:
        return f"{_count(data.held_out)}; nothing is chosen on them"
    if experiment.protocol != "honest":
        return "nothing: the epoch is chosen on what would be held out; the score is optimistic"
    if not experiment.score_held_out:
        return "nothing: the held-out set is not opened (--no-held-out)"
    return (
        "no preliminary phase, and no patients set aside: no score of this run will be honest, but "
        "that of images from elsewhere"
    )


def _count(cells: Cells) -> str:
    hem, disease = cells.counts
    patients = [len(set(cells.patients[cells.labels == label])) for label in (1, 0)]
    negative, positive = cells.classes
    return (
        f"{disease:,} {positive} of {counted(patients[0], 'patient')}, "
        f"{hem:,} {negative} of {counted(patients[1], 'patient')}"
    )
