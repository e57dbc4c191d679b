"""JSON files of a run, and runs as a whole, to damage."""

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
from all_tf.runs.training_images import write_training_images
from all_tf.runs.verification import verify
from tests.fuzz.mutations import mutate_json, mutate_table
from tests.fuzz.runner import Target
from tests.fuzz.strict_readers import strict_json
from tests.fuzz.table_targets import USED_IMAGES
from tests.written_runs import EXPERIMENT, draw_predictions, write_run
from tfrecords.class_names import CNMC_CLASSES

_REFUSALS = (RunError,)


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
    write_training_images(place, USED_IMAGES)
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
    "status": _json_target(STATUS_FILE, _read_status, lambda value, content: True),
    "run-facts": make_facts,
    "verified-run": make_verified,
    "own-calibration": make_fit,
}
