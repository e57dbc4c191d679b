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
from all_tf.evaluation.set_place import set_place
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.folder import EvaluationSet, other_records_folder, refuse_overwriting, set_name
from all_tf.runs.records_label import records_label
from all_tf.runs.report_header import SetPlace
from all_tf.runs.stamps import evaluated_on


@dataclass(frozen=True)
class AnalysisInputs:
    """A finished run with the cells of a set."""

    context: EvaluationContext
    model: keras.Model
    cells: Cells
    place: SetPlace
    records: Path
    trusted: bool  # As `all_tf.data.cells.load_cells` takes it.

    @property
    def title(self) -> str:
        """Name of the set in progress bars and headings."""
        return set_name(self.place.split, self.place.fold)

    def batches(self, cells: Cells) -> tf.data.Dataset:
        """Return batches of cells with the view of the run."""
        return batches_to_score(cells, self.context.experiment, title=self.title)

    def predict(self, batches: tf.data.Dataset) -> Predictions:
        """Return the calibrated predictions for batches of the cells, original or altered."""
        return self.context.calibration.apply(predict(self.model, batches, self.cells))

    def heading(self, predictions: Predictions) -> dict:
        """Return the header of a report on these cells: the set, the epoch and the caveats."""
        return self.context.header(predictions, self.place)

    def folder(self, run: Path, kind: str) -> Path:
        """Return the folder for results: RUN/KIND for the set that stands for the run.

        Results on any other set, or on other records, lie in folders of their own below it.
        """
        facts, set_folder = self.context.facts, set_name(self.place.split, self.place.fold)
        others = self.place.records_sha256 != facts["manifest_sha256"]
        usual = evaluated_on(self.context.experiment, self.records)
        if not others and (self.place.split, self.place.fold) == usual:
            return run / kind
        place = run / kind
        if others:
            name, digest = self.place.records_name, self.place.records_sha256
            place /= other_records_folder(name, digest)
        return place / set_folder.replace(" ", "-")

    def free_folder(self, run: Path, kind: str, file: str, asked: EvaluationSet) -> Path:
        """Return `folder`, if a result may be written there; `file` is what a result has there.

        Raises:
            RunError: It holds a result on the same other records.
        """
        folder = self.folder(run, kind)
        if self.place.records_sha256 != self.context.facts["manifest_sha256"]:
            refuse_overwriting(folder, file, asked)
        return folder

    def caption(self) -> str:
        """Return the set and its records for the title of a picture."""
        report = {
            "records_name": self.place.records_name,
            "records_sha256": self.place.records_sha256,
        }
        return f"{self.title} of {records_label(report)}"


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
    loaded = load_set(facts, asked._replace(split=split, fold=fold))
    require_labelled_classes(loaded.cells, purpose)
    place = set_place(run, loaded, split, fold)
    return AnalysisInputs(context, model, loaded.cells, place, loaded.records, asked.trusted)
