"""Tables of a run to damage: predictions, history, the images that it has used."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from all_tf.reports.run_facts import read_facts
from all_tf.runs.fields import CHOSEN_ON, LEARNT_FROM
from all_tf.runs.folder import HISTORY_FILE, PREDICTIONS_FILE, RunError
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.training_images import (
    TRAINING_IMAGES_FILE,
    UsedImage,
    read_used_images,
    write_training_images,
)
from tests.fuzz.mutations import mutate_table
from tests.fuzz.runner import Target
from tests.fuzz.strict_readers import strict_rows
from tests.written_runs import write_run

USED_IMAGES = (UsedImage("a1", "p"), UsedImage("b2", "", CHOSEN_ON))


def _table_target(
    file: str, read: Callable[[Path], object], from_rows: Callable[[list[dict]], object]
) -> Callable[[Path, Path], Target]:
    """A table of a run; `from_rows` gives the value of its rows, or raises where there is none."""

    def make(folder: Path, records: Path) -> Target:
        run = write_run(folder / "run")
        write_training_images(run, USED_IMAGES)

        def right(value: object, path: Path, expected: object) -> bool:
            if value == expected:
                return True
            try:
                return value == from_rows(strict_rows(path))
            except (ValueError, KeyError, TypeError):
                return False

        files = [run / file]
        return Target(files, lambda: read(run), right, (RunError,), mutate=mutate_table)

    return make


def _read_predictions(run: Path) -> list[tuple]:
    found = vars(read_predictions(run / PREDICTIONS_FILE))
    keys = ("names", "patients", "groups", "labels", "folds", "logits", "calibrated_scores")
    return list(zip(*(found[key].tolist() for key in keys), strict=True))


def _predictions(rows: list[dict]) -> list[tuple]:
    values = [
        (
            *(row[key] for key in ("name", "patient", "group")),
            int(row["label"]),
            int(row["fold"] or -1),
            *(float(row[key]) for key in ("logit", "calibrated_score")),
        )
        for row in rows
    ]
    if not all(
        label in (-1, 0, 1) and fold >= -1 and np.isfinite(logit) and 0 <= score <= 1
        for _, _, _, label, fold, logit, score in values
    ):
        raise ValueError("out of range")
    return values


def _read_images(run: Path) -> list[UsedImage] | None:
    return read_used_images(run, file=TRAINING_IMAGES_FILE)


def _images(rows: list[dict]) -> list[UsedImage]:
    images = [UsedImage(**row) for row in rows]
    if not all(image.pixels and image.use in (LEARNT_FROM, CHOSEN_ON) for image in images):
        raise ValueError("no image, or another use")
    return images


def _history(rows: list[dict]) -> list[dict]:
    return [
        {key: value if _is_no_number(key, value) else float(value) for key, value in row.items()}
        for row in rows
    ]


def _is_no_number(key: str, value: str) -> bool:
    """A loss in which a logit overflowed is written, and read, as a word."""
    return key == "val_loss" and value in ("nan", "inf")


TARGETS = {
    "predictions": _table_target(PREDICTIONS_FILE, _read_predictions, _predictions),
    "history": _table_target(HISTORY_FILE, lambda run: read_facts(run).history, _history),
    "training-images": _table_target(TRAINING_IMAGES_FILE, _read_images, _images),
}
