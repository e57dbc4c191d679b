"""A model's predictions for some cells, judged and filed with what they may be trusted for."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from all_tf import reports
from all_tf.cells import Cells
from all_tf.checkpoints import load_run
from all_tf.config import Experiment
from all_tf.evaluation import THRESHOLD, Predictions, evaluate
from all_tf.pipeline import canvas_lookup, evaluation_batches
from all_tf.protocols import load_set, selection_set, stamps
from all_tf.runs import (
    METRICS_FILE,
    PREDICTIONS_FILE,
    evaluation_folder,
    set_name,
    write_json,
)
from builders.losses import LOSSES, ClassWeightedLoss
from tfrecords.manifest import read_manifest


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


def predict(model: keras.Model, batches: tf.data.Dataset, cells: Cells) -> Predictions:
    """Logits of cells, in their order.

    Args:
        model: From images to one logit.
        batches: `batches_to_score` of these cells; the padding of the last one is cut off.
        cells: Whose names and patients travel with the predictions.
    """
    logits = model.predict(batches, verbose=0)[: len(cells), 0].astype(np.float64)
    return Predictions(cells.names, cells.patients, cells.groups, cells.labels, logits)


def build_loss(experiment: Experiment, class_weights: tuple[float, float]) -> ClassWeightedLoss:
    """The loss of a run: what its training minimises, its validation shows and its reports give."""
    return LOSSES[experiment.loss](class_weights, label_smoothing=experiment.label_smoothing)


def build_report(
    predictions: Predictions,
    experiment: Experiment,
    facts: dict,
    *,
    split: str,
    fold: int | None,
    best_epoch: int,
) -> dict:
    """The content of a metrics.json: figures, and what they were measured on.

    Figures of merit are there only where the labels are. `loss` is the training's own, class
    weights and smoothing included; it compares within a run, `log_loss` between runs.

    Args:
        predictions: Of the set.
        experiment: The run's.
        facts: That the run's config.json holds beside it.
        split: Of the set.
        fold: Of the training split; None for all of a split.
        best_epoch: Whose weights predicted.
    """
    report = {
        "split": split,
        "fold": fold,
        "selected_on": set_name(*selection_set(experiment)),
        "stamps": stamps(experiment, split, fold, folds=facts["folds"]),
        "best_epoch": best_epoch,
        "threshold": THRESHOLD,
        "num_images": len(predictions.names),
        "num_patients": len(set(predictions.patients) - {""}),
    }
    if np.any(predictions.labels < 0):
        return report
    loss = build_loss(experiment, facts["class_weights"])
    losses = loss.call(predictions.labels[:, None], predictions.logits[:, None])
    return report | {"loss": float(np.mean(losses))} | evaluate(predictions, threshold=THRESHOLD)


def file_evaluation(folder: Path, report: dict, predictions: Predictions) -> None:
    """Write metrics.json and predictions.csv, and of the final phase the challenge's zip."""
    folder.mkdir(parents=True, exist_ok=True)
    reports.write_predictions(folder / PREDICTIONS_FILE, predictions)
    if report["split"] == "test":
        reports.write_submission(
            folder / reports.SUBMISSION_FILE, predictions, threshold=report["threshold"]
        )
    write_json(folder / METRICS_FILE, report)


def evaluate_run(
    run: Path, *, records: Path | None, split: str, fold: int | None, trusted: bool = False
) -> dict:
    """Score a finished run on a set and file the result in the run.

    Args:
        run: The run's folder.
        records: A records directory; None for the one it was trained on.
        split: "validation", "test" or "train".
        fold: Of the training split; None for all of it.
        trusted: As `load_cells` takes it.

    Returns:
        The report, as filed in `evaluation_folder`.

    Raises:
        RunError, RecordsError, SplitError: What is asked for is not there.
    """
    experiment, facts, metrics, model = load_run(run)
    records = records or Path(facts["records"])
    cells = load_set(facts, records, split=split, fold=fold, trusted=trusted)
    batches = batches_to_score(cells, experiment, title=set_name(split, fold))
    predictions = predict(model, batches, cells)
    report = build_report(
        predictions,
        experiment,
        facts,
        split=split,
        fold=fold,
        best_epoch=metrics["best_epoch"],
    )
    if read_manifest(records)["patient_per_image"]:
        report["stamps"].append("each image its own patient")
    file_evaluation(evaluation_folder(run, split, fold), report, predictions)
    return report
