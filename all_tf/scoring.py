"""A model's predictions for some cells, judged and filed with what they may be trusted for."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from all_tf import reports
from all_tf.calibration import Calibration, read_calibration
from all_tf.canvases import canvas_lookup
from all_tf.cells import Cells
from all_tf.checkpoints import load_run
from all_tf.config import Experiment
from all_tf.evaluation import Predictions
from all_tf.measurement import measure
from all_tf.pipeline import evaluation_batches
from all_tf.prediction_files import file_scored_set
from all_tf.progress import Bar, bar
from all_tf.protocols import load_set, selected_on, stamps, stamps_of_records
from all_tf.runs import CellSet, evaluation_folder, set_name
from all_tf.statistics import mean_with_interval
from all_tf.views import VIEWS
from builders.losses import LOSSES, ClassWeightedLoss


def batches_to_score(cells: Cells, experiment: Experiment, *, title: str) -> tf.data.Dataset:
    """The evaluation batches of cells, seen as the experiment sees them.

    Args:
        cells: Not empty.
        experiment: Whose view and batch size are used.
        title: What progress bars call the cells.
    """
    view = experiment.view
    lookup = canvas_lookup(cells, view, title=title)
    return evaluation_batches(cells, lookup=lookup, view=view, batch_size=experiment.batch_size)


def predict(
    model: keras.Model, batches: tf.data.Dataset, cells: Cells, *, tta: int = 1
) -> Predictions:
    """Logits of cells, in their order.

    Args:
        model: From images to one logit.
        batches: `batches_to_score` of these cells; the padding of the last one is cut off.
        cells: Whose names and patients travel with the predictions.
        tta: Test-time views, a key of `VIEWS`, over which a cell's logit is averaged.
    """
    views = VIEWS[tta]
    with bar("scoring", len(views) * int(batches.cardinality()), unit="step") as shown:
        logits = np.mean([_logits(model, batches, see, shown) for see in views], axis=0)
    return Predictions(
        cells.names, cells.patients, cells.groups, cells.labels, logits[: len(cells)], cells.folds
    )


def _logits(model: keras.Model, batches: tf.data.Dataset, see: Callable, shown: Bar) -> np.ndarray:
    seen = batches.map(lambda images, labels, mask: (see(images), labels, mask))
    tell = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda batch, logs: shown.update())
    return model.predict(seen, verbose=0, callbacks=[tell])[:, 0].astype(np.float64)


def build_loss(experiment: Experiment, class_weights: tuple[float, float]) -> ClassWeightedLoss:
    """The loss of a run: what its training minimises, its validation shows and its reports give."""
    return LOSSES[experiment.loss](class_weights, label_smoothing=experiment.label_smoothing)


class Judge(NamedTuple):
    """What a run brings to the judgement of any set."""

    experiment: Experiment
    facts: dict  # That config.json holds beside it.
    best_epoch: int  # Whose weights predict.
    calibration: Calibration


def heading(
    predictions: Predictions, judge: Judge, *, split: str, fold: int | None, tta: int = 1
) -> dict:
    """What is to be known of figures on a set before any is read: where they are from.

    Args:
        predictions: Of the set.
        judge: The run's.
        split: Of the set.
        fold: Of the training split; None for all of a split.
        tta: With how many views of each image.
    """
    experiment, facts, best_epoch, calibration = judge
    return {
        "split": split,
        "fold": fold,
        "selected_on": selected_on(experiment),
        "stamps": stamps(experiment, split, fold, folds=facts["folds"]) + calibration.stamps,
        "best_epoch": best_epoch,
        "tta": tta,
        "threshold": calibration.threshold,
        "threshold_rule": calibration.rule,
        "calibrated_on": calibration.fitted_on,
        "num_images": len(predictions.names),
        "num_patients": len(set(predictions.patients) - {""}),
    }


def build_report(
    predictions: Predictions, judge: Judge, *, split: str, fold: int | None, tta: int = 1
) -> dict:
    """The content of a metrics.json: its heading, and figures where the labels are published.

    `loss` is the training's own, class weights and smoothing included; it compares within a run,
    `log_loss` between runs.

    Args:
        predictions: Of the set, calibrated.
        judge: The run's.
        split: As `heading` takes it, like what follows.
    """
    report = heading(predictions, judge, split=split, fold=fold, tta=tta)
    if not predictions.labelled:
        return report
    loss = build_loss(judge.experiment, judge.facts["class_weights"])
    logits = predictions.logits.astype(np.float32)  # As they came; JAX takes no others.
    losses = loss.call(predictions.labels[:, None], logits[:, None])
    return (
        report
        | mean_with_interval("loss", np.asarray(losses, np.float64), predictions)
        | measure(predictions, threshold=judge.calibration.threshold)
    )


def file_evaluation(folder: Path, report: dict, predictions: Predictions) -> None:
    """Write what `file_scored_set` writes, and of the final phase the challenge's zip."""
    folder.mkdir(parents=True, exist_ok=True)
    if report["split"] == "test":
        reports.write_submission(
            folder / reports.SUBMISSION_FILE, predictions, threshold=report["threshold"]
        )
    file_scored_set(folder, report, predictions)


def evaluate_run(run: Path, asked: CellSet, *, tta: int = 1) -> dict:
    """Score a finished run on a set, as it was calibrated, and file the result in the run.

    Args:
        run: The run's folder.
        asked: The set, its split named.
        tta: As `predict` takes it.

    Returns:
        The report, as filed in `evaluation_folder`.

    Raises:
        RunError, RecordsError, SplitError: What is asked for is not there.
    """
    experiment, facts, metrics, model = load_run(run)
    split, fold = asked.split, asked.fold
    cells, records = load_set(facts, asked)
    batches = batches_to_score(cells, experiment, title=set_name(split, fold))
    judge = Judge(experiment, facts, metrics["best_epoch"], read_calibration(run))
    predictions = judge.calibration.apply(predict(model, batches, cells, tta=tta))
    report = build_report(predictions, judge, split=split, fold=fold, tta=tta)
    report["stamps"] += stamps_of_records(records)
    file_evaluation(evaluation_folder(run, split, fold, tta=tta), report, predictions)
    return report
