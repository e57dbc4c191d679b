"""Predictions of finished runs for image files: a row for each, to be printed or saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from all_tf.data.cells import Cells
from all_tf.data.image_files import NewCells, read_new_cells
from all_tf.data.patient_column import PatientOf
from all_tf.evaluation.answers import AnsweredCell, answer_cells
from all_tf.evaluation.by_name import find_calibration, without_fitted
from all_tf.evaluation.scorers import Scorer, load_scorers
from all_tf.metrics.patient_answers import summarise_patients
from all_tf.runs.named_calibration import NamedCalibration
from tfrecords.class_names import ClassNames


class Predictor(NamedTuple):
    """Networks that answer together, with the calibration and the views that were asked for."""

    scorers: list[Scorer]
    named: NamedCalibration | None  # None for their own calibration.
    tta: int

    @property
    def ranges(self) -> dict[str, tuple[float, float]] | None:
        """The ranges of the training set, as `read_new_cells` takes them."""
        return self.scorers[0].ranges

    def usable(self, new: NewCells) -> NewCells:
        """The images without those that the calibration was fitted on, which become problems."""
        return without_fitted(new, self.named)

    def answer(self, usable: NewCells) -> list[AnsweredCell]:
        """Answer for images that `usable` gave.

        Raises:
            RunError: A logit is infinite or not a number.
        """
        calibration = self.named.calibration if self.named else None
        return answer_cells(self.scorers, usable, tta=self.tta, calibration=calibration)

    def predict(self, new: NewCells, *, patient_of: PatientOf | None = None) -> "Answer":
        """The rows, problems and patients for images, as `predict_new` returns them.

        Raises:
            RunError: As `answer`.
            ValueError: A patient may not be called so (`patient_lookup`); nothing is scored.
        """
        usable = self.usable(new)
        ids = None if patient_of is None else [patient_of(str(name)) for name in usable.cells.names]
        answered = self.answer(usable)
        rows = answer_rows(answered, self.scorers[0].classes, patients=ids)
        patients = [] if ids is None else summarise_answers(answered, ids)
        return Answer(rows, usable.problems, patients, answered, usable.cells, self.scorers)


def load_predictor(
    runs: Sequence[Path], *, tta: int = 1, calibration: str | None = None
) -> Predictor:
    """Load what answers; the arguments are those of `predict_new`.

    Raises:
        RunError: A run is unfinished or damaged.
    """
    return predictor_of(load_scorers(runs), runs[0], tta=tta, calibration=calibration)


def predictor_of(
    scorers: list[Scorer], run: Path, *, tta: int = 1, calibration: str | None = None
) -> Predictor:
    """Make a predictor of loaded networks; the arguments are those of `predict_new`.

    Args:
        scorers: The networks of `load_scorers`.
        run: The run, or the cross-validation, that keeps the calibration.
        tta, calibration: As `predict_new` takes them.

    Raises:
        RunError: There is no calibration of that name, or it is damaged.
    """
    members = [each.folder for each in scorers] if len(scorers) > 1 else []
    return Predictor(scorers, find_calibration(run, calibration, members), tta)


class Answer(NamedTuple):
    """The predictions for some paths, and the files that could not be read."""

    rows: list[dict[str, object]]  # See `predict_new`.
    problems: list[str]  # "PATH: REASON".
    patients: list[dict[str, object]]  # Of `summarise_patients`; none where no patient is known.
    answered: list[AnsweredCell]
    cells: Cells  # In the order of the rows.
    scorers: list[Scorer]

    @property
    def incomplete(self) -> list[str]:
        """Names of runs that do not know what their training cells look like."""
        return [scorer.name for scorer in self.scorers if scorer.known is None]


def predict_new(
    run: Path | Sequence[Path],
    paths: Sequence[Path],
    *,
    tta: int = 1,
    patient_of: PatientOf | None = None,
    calibration: str | None = None,
) -> Answer:
    """Predict images that are in no records, as if they were.

    Args:
        run: The folder of a finished run, of a cross-validation or of an ensemble, or several,
            which answer together; nothing is written there.
        paths: Images, or folders of them.
        tta: As `all_tf.evaluation.predict.predict` takes it.
        patient_of: From the path of an image to its patient; None if patients are not known.
        calibration: The name of one that was fitted on other cells, of one run or of one
            cross-validation; None for their own. Images that it was fitted on are problems, and
            not scored.

    Returns:
        Rows of `path`, `score` (of the network, in [0, 1]), `calibrated_score`, `decision` (the
        name of a class), `threshold` (of the calibrated score), `warnings`, empty where there are
        none, `probability` (the calibrated score), `answer` (positive, negative or none), `reason`
        (why none), `nearest_patient` (pseudonym of the patient of the most similar training cell;
        empty for a run of an earlier version) and, if known, `patient`.

    Raises:
        RunError: A run is unfinished or damaged.
    """
    runs = [run] if isinstance(run, Path) else list(run)
    predictor = load_predictor(runs, tta=tta, calibration=calibration)
    return predictor.predict(read_new_cells(paths, predictor.ranges), patient_of=patient_of)


def answer_rows(
    answered: Sequence[AnsweredCell], classes: ClassNames, *, patients: Sequence[str] | None
) -> list[dict[str, object]]:
    """The rows that `predict_new` returns.

    Args:
        answered: The answers.
        classes: Of the networks.
        patients: Of each image; None if patients are not known.
    """
    rows = [_row(each, classes) for each in answered]
    if patients is None:
        return rows
    return [{**row, "patient": each} for row, each in zip(rows, patients, strict=True)]


def summarise_answers(
    answered: Sequence[AnsweredCell], patients: Sequence[str]
) -> list[dict[str, object]]:
    """A row of `summarise_patients` for each patient of these images."""
    values = [each.probability for each in answered]
    return summarise_patients(patients, [each.answer for each in answered], values)


def _row(cell: AnsweredCell, classes: ClassNames) -> dict[str, object]:
    return {
        "path": cell.name,
        "score": cell.score,
        "calibrated_score": cell.probability,
        "decision": classes[cell.decision],
        "threshold": cell.threshold,
        "warnings": "; ".join(cell.warnings),
        "probability": cell.probability,
        "answer": cell.answer,
        "reason": cell.reason,
        "nearest_patient": cell.nearest_patient or "",
    }
