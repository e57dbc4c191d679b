"""Predictions of a finished run for image files: a row for each, to be printed or saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from all_tf.data.image_files import read_new_cells
from all_tf.data.training_range import RANGE_FILE, read_range
from all_tf.evaluation.by_name import calibration_or_own, find_calibration, without_fitted
from all_tf.evaluation.predict import batches_to_score, predict
from all_tf.evaluation.run_weights import load_run
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.checksums import unchanged
from tfrecords.class_names import class_names_of


class Answer(NamedTuple):
    """The predictions for some paths, and the files that could not be read."""

    rows: list[dict[str, object]]  # See `predict_new`.
    problems: list[str]  # "PATH: REASON".


def predict_new(
    run: Path, paths: Sequence[Path], *, tta: int = 1, calibration: str | None = None
) -> Answer:
    """Predict images that are in no records, as if they were.

    Args:
        run: The folder of a finished run; nothing is written there.
        paths: Images, or folders of them.
        tta: As `all_tf.evaluation.predict.predict` takes it.
        calibration: The name of one that was fitted on other cells; None for the run's own. Images
            that it was fitted on are problems, and not scored.

    Returns:
        Rows of `path`, `score` (of the network, in [0, 1]), `calibrated_score`, `decision` (the
        name of a class), `threshold` (of the calibrated score) and `warnings`, empty
        where there are none.

    Raises:
        RunError: The run is unfinished or damaged.
    """
    experiment, facts, _, model = load_run(run)
    classes = class_names_of(facts)
    named = find_calibration(run, calibration)
    used = calibration_or_own(named, read_calibration(run))
    unchanged(run / RANGE_FILE)
    new = without_fitted(read_new_cells(paths, read_range(run)), named)
    if not len(new.cells):
        return Answer([], new.problems)
    batches = batches_to_score(new.cells, experiment, title="images")
    predictions = used.apply(predict(model, batches, new.cells, tta=tta))
    columns = zip(
        predictions.names,
        predictions.scores,
        predictions.calibrated_scores,
        predictions.decisions(used.threshold),
        new.warnings,
        strict=True,
    )
    rows = [
        {
            "path": str(name),
            "score": float(score),
            "calibrated_score": float(calibrated),
            "decision": classes[decision],
            "threshold": used.threshold,
            "warnings": "; ".join(warnings),
        }
        for name, score, calibrated, decision, warnings in columns
    ]
    return Answer(rows, new.problems)
