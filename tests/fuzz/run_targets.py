"""Files of a run to damage: settings, metrics, tables, weights, state, events."""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from all_tf.data.training_range import RANGE_FEATURES, RANGE_FILE, read_range
from all_tf.metrics.bootstrap import count_groups
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.cross_fitting import decide, measure
from all_tf.reports.run_facts import read_facts
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.cross_validation import read_content
from all_tf.runs.fields import CHOSEN_ON, LEARNT_FROM
from all_tf.runs.folder import (
    CALIBRATION_FILE,
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    FIT_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    STATUS_FILE,
    RunError,
    checked_experiment,
    read_config,
    read_metrics,
    write_json,
    write_status,
)
from all_tf.runs.known_cells_file import (
    KNOWN_CELLS_FILE,
    KnownCells,
    KnownFeatures,
    read_known_cells,
    write_known_cells,
)
from all_tf.runs.named_calibration import calibration_folder, read_named
from all_tf.runs.ownership import require_unfinished
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.training_images import (
    TRAINING_IMAGES_FILE,
    UsedImage,
    read_used_images,
    write_training_images,
)
from all_tf.runs.verification import verify
from tests.fuzz.mutations import mutate_json, mutate_table
from tests.fuzz.runner import Target
from tests.fuzz.strict_readers import strict_json, strict_rows
from tests.written_runs import EXPERIMENT, draw_predictions, write_run
from tfrecords.class_names import CNMC_CLASSES

_REFUSALS = (RunError,)
_USED = (UsedImage("a1", "p"), UsedImage("b2", "", CHOSEN_ON))


def _json_target(
    file: str, read: Callable[[Path], object], right: Callable[[object, dict], bool]
) -> Callable[[Path, Path], Target]:
    """A JSON file of a run; `right` takes the value and the strict reading of the file."""

    def make(folder: Path, records: Path) -> Target:
        run = write_run(folder / "run")
        write_range(run)
        _write_known(run)
        asked = {"experiment": asdict(EXPERIMENT), "folds": [0, 1, 2], "records": "r"}
        write_json(run / CROSS_VALIDATION_FILE, {**asked, "options": ["--jit", "off"]})
        write_status(run, "interrupted", epochs_done=1)

        def is_right(value: object, path: Path, expected: object) -> bool:
            content = strict_json(path)
            return value == expected or (content is not None and right(value, content))

        return Target([run / file], lambda: read(run), is_right, _REFUSALS, mutate=mutate_json)

    return make


def write_range(run: Path) -> None:
    """Ranges as a training writes them."""
    ranges = {name: [0.5 * place, 10.0 + place] for place, name in enumerate(RANGE_FEATURES)}
    write_json(run / RANGE_FILE, {"num_images": 3, "percentiles": [0.5, 99.5], "ranges": ranges})


def _write_known(run: Path) -> None:
    """What training cells look like, of two measures and three features."""
    ellipsoid = {"mean": [1.0, 2.0], "precision": [[1.0, 0.5], [0.5, 2.0]], "limit": 3.5}
    magnification = {"weights": [0.5, -0.25], "bias": 0.125, "low": -0.5, "high": 0.5}
    places = np.arange(3)
    mean, axes = np.arange(3.0), np.arange(6.0).reshape(3, 2)
    cells = np.arange(6.0).reshape(3, 2)
    features = KnownFeatures(mean, axes, cells, places, ["A-1", "A-2", "B-1"], 2.5, "fold 0", 9)
    content = {"ellipsoids": {"colour": ellipsoid}, "magnification": magnification}
    write_known_cells(run, KnownCells(content, features))


def _read_known(run: Path) -> dict:
    """The file as it would be written again: equal to what was read, or something was made up."""
    folder = run / "again"
    folder.mkdir(exist_ok=True)
    write_known_cells(folder, read_known_cells(run))
    return strict_json(folder / KNOWN_CELLS_FILE)


def _read_config(run: Path) -> dict:
    experiment, facts = read_config(run)
    return {"experiment": asdict(experiment), **facts}


def _right_config(value: dict, content: dict) -> bool:
    fields = content["experiment"]
    return value == {**content, "experiment": {**fields, "augment": tuple(fields["augment"])}}


def _read_asked(run: Path) -> dict:
    content = read_content(run)
    experiment = checked_experiment(run / CROSS_VALIDATION_FILE, content["experiment"])
    return {**content, "experiment": asdict(experiment)}


def _right_asked(value: dict, content: dict) -> bool:
    return _right_config(value, content) and value["folds"] == list(range(len(value["folds"])))


def _right_range(value: dict | None, content: dict) -> bool:
    ranges = content["ranges"]
    plain = all(type(edge) in (int, float) for name in RANGE_FEATURES for edge in ranges[name])
    return plain and all(
        list(value[name]) == ranges[name] and ranges[name][0] <= ranges[name][1]
        for name in RANGE_FEATURES
    )


def _read_status(run: Path) -> None:
    (run / METRICS_FILE).unlink(missing_ok=True)  # It would say that the run has ended.
    require_unfinished(run)


def _table_target(
    file: str, read: Callable[[Path], object], from_rows: Callable[[list[dict]], object]
) -> Callable[[Path, Path], Target]:
    """A table of a run; `from_rows` gives the value of its rows, or raises where there is none."""

    def make(folder: Path, records: Path) -> Target:
        run = write_run(folder / "run")
        write_training_images(run, _USED)

        def right(value: object, path: Path, expected: object) -> bool:
            if value == expected:
                return True
            try:
                return value == from_rows(strict_rows(path))
            except (ValueError, KeyError, TypeError):
                return False

        files = [run / file]
        return Target(files, lambda: read(run), right, _REFUSALS, mutate=mutate_table)

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


def make_facts(folder: Path, records: Path) -> Target:
    """All that tables and pages read of a run; no file of it brings another exception."""
    run = write_run(folder / "run")
    names = (CONFIG_FILE, METRICS_FILE, PREDICTIONS_FILE, CALIBRATION_FILE, HISTORY_FILE)

    def read() -> None:
        facts = read_facts(run)
        _ = (facts.row(), facts.sets, facts.calibration, facts.history, facts.config)

    def right(value: object, path: Path, expected: object) -> bool:
        return True  # Each file has a target of its own; here only exceptions count.

    def mutate(rng, data: bytes, others) -> bytes:
        return (mutate_json if data[:1] == b"{" else mutate_table)(rng, data, others)

    files = [run / name for name in names]
    return Target(files, read, right, _REFUSALS, names=(str(run),), mutate=mutate)


def make_verified(folder: Path, records: Path) -> Target:
    """A run with its checksums: every changed byte is found."""
    run = write_run(folder / "run")
    shutil.rmtree(run / "evaluation")
    write_checksums(run)
    files = sorted(path for path in run.iterdir() if path.is_file())

    def read() -> list[str]:
        return [line for each in verify(run) for line in each.drift]

    whole = {path: path.read_bytes() for path in files}

    def right(drift: list[str], path: Path, expected: list[str]) -> bool:
        return bool(set(drift) - set(expected)) or path.read_bytes() == whole[path]

    return Target(files, read, right, _REFUSALS)


def make_fit(folder: Path, records: Path) -> Target:
    """fit.json of a calibration under a name; without checksums, so that the reader decides."""
    run = write_run(folder / "run")
    place = calibration_folder(run, "lab")
    place.mkdir(parents=True)
    own = Calibration(threshold=0.4, fitted_on="train fold 0", num_images=9, num_groups=4)
    write_calibration(place, own)
    write_training_images(place, _USED)
    predictions = draw_predictions()
    measured = measure(predictions, decide(predictions, own))
    fit = {
        "name": "lab",
        "network_sha256": "0" * 64,
        "records": "own",
        "records_sha256": "1" * 64,
        **CNMC_CLASSES.as_dict(),
        "split": "train",
        "fold": 2,
        "stamps": ["optimistic"],
        "min_sensitivity": 0.5,
        "parts": 4,
        **count_groups(predictions),
        "run_calibration": asdict(own),
        "before": measured,
        "after": measured,
    }
    write_json(place / FIT_FILE, fit)

    def read() -> dict:
        return read_named(run, "lab", network_sha256="0" * 64).fit

    def right(value: dict, path: Path, expected: object) -> bool:
        return value == strict_json(path)

    return Target([place / FIT_FILE], read, right, _REFUSALS, mutate=mutate_json)


TARGETS = {
    "config": _json_target(CONFIG_FILE, _read_config, _right_config),
    "metrics": _json_target(METRICS_FILE, read_metrics, lambda value, content: value == content),
    "calibration": _json_target(
        CALIBRATION_FILE, lambda run: asdict(read_calibration(run)), lambda v, c: v == c
    ),
    "training-range": _json_target(RANGE_FILE, read_range, _right_range),
    "known-cells": _json_target(KNOWN_CELLS_FILE, _read_known, lambda v, c: v == c),
    "cross-validation": _json_target(CROSS_VALIDATION_FILE, _read_asked, _right_asked),
    "training-images": _table_target(TRAINING_IMAGES_FILE, _read_images, _images),
    "status": _json_target(STATUS_FILE, _read_status, lambda value, content: True),
    "predictions": _table_target(PREDICTIONS_FILE, _read_predictions, _predictions),
    "history": _table_target(HISTORY_FILE, lambda run: read_facts(run).history, _history),
    "run-facts": make_facts,
    "verified-run": make_verified,
    "own-calibration": make_fit,
}
