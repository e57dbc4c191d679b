"""From a model's predictions to a saved report: metrics, intervals and what limits them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.data.splits import load_set
from all_tf.evaluation.by_name import (
    calibration_or_own,
    find_calibration,
    note_calibration,
    refuse_fitted_cells,
)
from all_tf.evaluation.predict import batches_to_score, predict
from all_tf.evaluation.run_weights import load_run
from all_tf.evaluation.set_place import set_place
from all_tf.metrics.bootstrap import Bootstrap, mean_with_interval
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.folder import (
    METRICS_FILE,
    SUBMISSION_FILE,
    EvaluationSet,
    evaluation_folder,
    other_records_folder,
    refuse_overwriting,
    set_name,
)
from all_tf.runs.prediction_files import write_scored_set
from all_tf.runs.report_header import Selection, SetPlace, report_header
from all_tf.runs.required_files import MAY_BE_ABSENT
from all_tf.runs.result_files import replaced_files
from all_tf.runs.stamps import selected_on
from all_tf.runs.submission import write_submission
from builders.losses import LOSSES, ClassWeightedLoss


def build_loss(experiment: Experiment, class_weights: tuple[float, float]) -> ClassWeightedLoss:
    """The loss that a run minimises, and that its validation and its reports show."""
    return LOSSES[experiment.loss](class_weights, label_smoothing=experiment.label_smoothing)


class EvaluationContext(NamedTuple):
    """What a report on any set needs of a run, beside the predictions."""

    experiment: Experiment
    facts: dict  # What config.json holds beside the experiment.
    best_epoch: int  # The epoch whose weights predict.
    calibration: Calibration

    def header(self, predictions: Predictions, place: SetPlace, *, tta: int = 1) -> dict:
        """The keys of a report that come before the metrics (`report_header`)."""
        selection = Selection(selected_on(self.experiment), self.best_epoch)
        return report_header(predictions, place, selection, self.calibration, tta=tta)


def evaluation_report(
    predictions: Predictions,
    context: EvaluationContext,
    place: SetPlace,
    *,
    tta: int = 1,
    bootstrap: Bootstrap | None = None,
) -> dict:
    """The content of a metrics.json: its header and, if the labels are published, the metrics.

    `loss` is what training minimises, with class weights and label smoothing, so that it can be
    compared within a run only. `log_loss` can be compared between runs.

    Args:
        predictions: Of the set, calibrated.
        context: The run's.
        place: The set.
        tta: As `report_header` takes it.
        bootstrap: Of these predictions, for whoever saves the set, too; None makes one.
    """
    report = context.header(predictions, place, tta=tta)
    if not predictions.labelled:
        return report
    loss = build_loss(context.experiment, context.facts["class_weights"])
    logits = predictions.logits.astype(np.float32)  # The network's own type; JAX takes no other.
    losses = loss.call(predictions.labels[:, None], logits[:, None])
    bootstrap = bootstrap or Bootstrap(predictions)
    return (
        report
        | mean_with_interval(
            "loss", np.asarray(losses, np.float64), predictions, bootstrap=bootstrap
        )
        | all_metrics(predictions, threshold=context.calibration.threshold, bootstrap=bootstrap)
    )


def write_evaluation(
    folder: Path, report: dict, predictions: Predictions, *, bootstrap: Bootstrap | None = None
) -> None:
    """Write what `write_scored_set` writes, and, for the final phase, the challenge's zip file.

    Args:
        folder: As `all_tf.runs.result_files.replaced_files` yields it.
        report, predictions, bootstrap: As `write_scored_set` takes them.
    """
    if report["split"] == "test" and not predictions.labelled:
        write_submission(folder / SUBMISSION_FILE, predictions, threshold=report["threshold"])
    write_scored_set(folder, report, predictions, bootstrap=bootstrap)


def evaluate_run(
    run: Path, asked: EvaluationSet, *, tta: int = 1, calibration: str | None = None
) -> tuple[Path, dict]:
    """Evaluate a finished run on a set with its own calibration, and save the result in the run.

    Args:
        run: The run's folder.
        asked: The set. Its split must be named.
        tta: As `predict` takes it.
        calibration: The name of a calibration of the run that was fitted on other cells
            (`all_tf.evaluation.calibrate_run`); None for the run's own.

    Returns:
        The folder that the evaluation was saved in (`evaluation_folder`), and its report.

    Raises:
        RunError: The run is damaged, or a result on these other records is there already.
        RecordsError, SplitError: The set is missing or damaged.
        ValueError: No split is named.
    """
    experiment, facts, metrics, model = load_run(run)
    split, fold = asked.split_and_fold()
    loaded = load_set(facts, asked)
    others = "" if loaded.own else other_records_folder(loaded.records_name, loaded.records_sha256)
    folder = evaluation_folder(
        run, split, fold, tta=tta, other_records=others, calibration=calibration or ""
    )
    if others:
        refuse_overwriting(folder, METRICS_FILE, asked)
    named = find_calibration(run, calibration)
    more = refuse_fitted_cells(named, loaded.cells)
    place = set_place(run, loaded, split, fold)
    place = place._replace(stamps=place.stamps + more)
    batches = batches_to_score(loaded.cells, experiment, title=set_name(split, fold))
    used = calibration_or_own(named, read_calibration(run))
    context = EvaluationContext(experiment, facts, metrics["best_epoch"], used)
    predictions = context.calibration.apply(predict(model, batches, loaded.cells, tta=tta))
    bootstrap = Bootstrap(predictions)
    report = evaluation_report(predictions, context, place, tta=tta, bootstrap=bootstrap)
    with replaced_files(folder, dropped=MAY_BE_ABSENT) as partial:
        report = note_calibration(partial, report, named)
        write_evaluation(partial, report, predictions, bootstrap=bootstrap)
    return folder, report
