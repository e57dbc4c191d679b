"""Inputs of an analysis: a finished run and the labelled cells of a set."""

from dataclasses import dataclass
from pathlib import Path

import keras
import tensorflow as tf

from all_tf.data.cells import Cells
from all_tf.data.splits import load_set, require_labelled_classes
from all_tf.evaluation.evaluate import EvaluationContext
from all_tf.evaluation.predict import batches_to_score, predict
from all_tf.evaluation.run_weights import load_run
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.folder import EvaluationSet, set_name
from all_tf.runs.stamps import evaluated_on, stamps_of_records


@dataclass(frozen=True)
class AnalysisInputs:
    """A finished run with the cells of a set."""

    context: EvaluationContext
    model: keras.Model
    cells: Cells
    split: str
    fold: int | None  # Of the training split; None for all of it.
    records: Path
    trusted: bool  # As `all_tf.data.cells.load_cells` takes it.

    @property
    def title(self) -> str:
        """Name of the set in progress bars and headings."""
        return set_name(self.split, self.fold)

    def batches(self, cells: Cells) -> tf.data.Dataset:
        """Return batches of cells with the view of the run."""
        return batches_to_score(cells, self.context.experiment, title=self.title)

    def predict(self, batches: tf.data.Dataset) -> Predictions:
        """Return the calibrated predictions for batches of the cells, original or altered."""
        return self.context.calibration.apply(predict(self.model, batches, self.cells))

    def heading(self, predictions: Predictions) -> dict:
        """Return the header of a report on these cells: the set, the epoch and the caveats."""
        found = self.context.header(predictions, split=self.split, fold=self.fold)
        found["stamps"] += stamps_of_records(self.records)
        return found


def load_inputs(run: Path, asked: EvaluationSet, *, purpose: str) -> AnalysisInputs:
    """Load a finished run and a set of cells.

    Args:
        run: The run's folder.
        asked: A labelled set of cells.
        purpose: Use of the cells, for the message of an error: "be probed on".

    Raises:
        RunError, RecordsError, FoldsError, SplitError: The run or the set does not exist.
    """
    experiment, facts, metrics, model = load_run(run)
    context = EvaluationContext(experiment, facts, metrics["best_epoch"], read_calibration(run))
    split, fold = asked.split, asked.fold
    if split is None and fold is None:
        split, fold = evaluated_on(experiment, asked.records or Path(facts["records"]))
    elif split is None:
        split = "train"
    cells, records = load_set(facts, asked._replace(split=split, fold=fold))
    require_labelled_classes(cells, purpose)
    return AnalysisInputs(context, model, cells, split, fold, records, asked.trusted)
