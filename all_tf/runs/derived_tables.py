"""The tables of a result, derived again from its predictions."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from all_tf.metrics.bootstrap import Bootstrap
from all_tf.metrics.predictions import Predictions
from all_tf.runs.folder import PREDICTIONS_FILE, SUBMISSION_FILE, RunError
from all_tf.runs.out_of_fold import per_fold_rows
from all_tf.runs.prediction_files import write_per_patient, write_predictions, write_reliability
from all_tf.runs.required_files import PER_FOLD_FILE, PER_PATIENT_FILE, RELIABILITY_FILE
from all_tf.runs.strict_reading import read_rows
from all_tf.runs.submission import check_submission
from all_tf.system.tables import write_csv
from tfrecords.store.text_cells import text_of_cell

_TOLERANCE = 1e-6  # Of a number, absolute and relative: machines round differently.
_MOST_LINES = 3  # Of one file; further differences are counted.


def differing_tables(
    folder: Path, bootstrap: Bootstrap, *, threshold: float, epochs: Sequence[int] | None
) -> list[str]:
    """Differences between the stored tables and those that follow from the predictions.

    Args:
        folder: Of the result.
        bootstrap: Of its predictions, which are calibrated.
        threshold: In [0, 1].
        epochs: Of each fold, for a table of folds; None for a result without one.
    """
    predictions = bootstrap.predictions
    tables: dict[str, Callable[[Path], None]] = {
        PREDICTIONS_FILE: partial(write_predictions, predictions=predictions)
    }
    if predictions.labelled:
        tables |= {
            PER_PATIENT_FILE: partial(
                write_per_patient, predictions=predictions, threshold=threshold
            ),
            RELIABILITY_FILE: partial(
                write_reliability, predictions=predictions, bootstrap=bootstrap
            ),
        }
    if epochs is not None:
        rows = per_fold_rows(predictions, threshold=threshold, epochs=epochs)
        tables[PER_FOLD_FILE] = partial(write_csv, rows=rows)
    drift = []
    with TemporaryDirectory() as aside:
        for name, write in tables.items():
            write(Path(aside) / name)
            if not (folder / name).is_file():
                drift.append(f"{name}: missing")
                continue
            drift += _differing_cells(name, read_rows(folder / name), read_rows(Path(aside) / name))
    return drift


def differing_submission(folder: Path, predictions: Predictions, *, threshold: float) -> list[str]:
    """What the file for the challenge, if there is one, does not have from the predictions."""
    try:
        if (folder / SUBMISSION_FILE).is_file():
            check_submission(folder / SUBMISSION_FILE, predictions, threshold=threshold)
    except RunError as error:
        return [str(error)]
    return []


def _differing_cells(name: str, stored: list[dict], expected: list[dict]) -> list[str]:
    if stored[0].keys() != expected[0].keys():
        return [f"{name}: columns {', '.join(stored[0])}, expected {', '.join(expected[0])}"]
    if len(stored) != len(expected):
        return [f"{name}: {len(stored)} lines, the predictions give {len(expected)}"]
    found = [
        f"{name}, line {number}: {key} {row.get(key)}, the predictions give {value}"
        for number, (row, wanted) in enumerate(zip(stored, expected, strict=True), 2)
        for key, value in wanted.items()
        if not equal_values(_as_number(row[key]), _as_number(value))
    ]
    more = len(found) - _MOST_LINES
    return found[:_MOST_LINES] + ([f"{name}: {more} more differences"] if more > 0 else [])


def _as_number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return text_of_cell(cell)


def equal_values(one: object, other: object) -> bool:
    """Whether two values are equal, numbers as far as machines round alike."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return one == other
