"""What a report says of itself, derived again from the run's settings, epochs and records."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import (
    NOT_CALIBRATED,
    Calibration,
    choose_threshold,
    platt_targets,
)
from all_tf.metrics.predictions import Predictions
from all_tf.runs.fields import CROSS_VALIDATION, ENVIRONMENT, TRAINING_RANGE
from all_tf.runs.folder import (
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    checked_experiment,
    evaluation_folder,
    is_finished,
    read_config,
    read_metrics,
    set_name,
    state_folders,
)
from all_tf.runs.history_file import chosen_epoch, read_history
from all_tf.runs.known_cells_file import read_known_cells
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.stamps import selected_on, selection_set, stamps
from all_tf.runs.strict_reading import read_object
from tfrecords.store.folds import read_folds
from tfrecords.store.index import read_index
from tfrecords.store.leakage import read_proof
from tfrecords.store.manifest import digest_file

_FLAT = 1e-4  # The slope of a likelihood, a cell, at its highest point; machines round differently.


def expected_header(run: Path, folder: Path, calibration: Calibration) -> dict:
    """The fields of a report that follow from the run, beside the metrics.

    Args:
        run: The run's folder.
        folder: The run's folder, or that of an evaluation in it.
        calibration: The run's.

    Raises:
        RunError: A file of the run is damaged.
    """
    experiment, facts = read_config(run)
    expected = {"selected_on": selected_on(experiment), "calibrated_on": calibration.fitted_on}
    if folder != run:
        return expected | {"best_epoch": read_metrics(run).get("best_epoch")}
    history = read_history(run / HISTORY_FILE)
    speeds = [row.get("images_per_second", 0) for row in history][experiment.freeze_epochs :]
    split, fold = selection_set(experiment)
    return expected | {
        "split": split,
        "fold": fold,
        "tta": 1,
        "best_epoch": chosen_epoch(history, experiment),
        "images_per_second": median(speeds[1:] or speeds or [0]),
        "num_parameters": facts.get("num_parameters"),
        "weights_sha256": digest_file(run / "best.weights.h5"),
    }


def contradictions(
    run: Path, folder: Path, report: Mapping, calibration: Calibration, predictions: Predictions
) -> Iterator[str]:
    """What does not follow from the run's settings, its selection set and its records.

    Args:
        run, folder, calibration: As `expected_header` takes them.
        report: The report of that folder.
        predictions: Of that folder, calibrated.

    Raises:
        RunError: A file of the run is damaged.
    """
    experiment, facts = read_config(run)
    yield from _of_stamps(experiment, facts, report, calibration)
    if folder == run:
        if facts.get("view") != asdict(experiment.view):
            yield f"{CONFIG_FILE}: the view does not follow from the experiment"
        if experiment.chooses and predictions.labelled:
            source = set_name(*selection_set(experiment))
            yield from _of_calibration(experiment, source, calibration, predictions)
        yield from _of_states(run)
        read_object(run / "environment.json", ENVIRONMENT)
        read_object(run / "training_range.json", TRAINING_RANGE, needed=TRAINING_RANGE)
        read_known_cells(run)
    elif not _is_named_for(folder, report):
        name = evaluation_folder(run, report["split"], report["fold"], tta=report["tta"]).name
        yield f"{folder.name}: its report is of {name}"
    yield from _of_records(run, folder, report, predictions)


def contradictions_of_folds(
    folder: Path, report: Mapping, calibration: Calibration, predictions: Predictions
) -> Iterator[str]:
    """What the joined predictions of a cross-validation do not have from its folds' runs.

    Args:
        folder: `out-of-fold` of the cross-validation.
        report: Its report.
        calibration: That of all folds together.
        predictions: Of all folds, calibrated.

    Raises:
        RunError: A file of a fold's run is damaged.
    """
    content = folder.parent / CROSS_VALIDATION_FILE
    asked = read_object(content, CROSS_VALIDATION, needed=CROSS_VALIDATION)
    runs = [folder.parent / f"fold-{fold}" for fold in asked["folds"]]
    reports = [read_metrics(run) for run in runs]
    epochs = [each.get("best_epoch") for each in reports]
    if report["best_epochs"] != epochs:
        yield f"best_epochs: {METRICS_FILE} has {report['best_epochs']}, the folds have {epochs}"
    parts = [read_predictions(run / PREDICTIONS_FILE) for run in runs]
    told = {pair for part in parts for pair in zip(part.names, part.logits, strict=True)}
    if told != set(zip(predictions.names, predictions.logits, strict=True)):
        yield f"{PREDICTIONS_FILE}: not the predictions of the folds"
    needed = dict.fromkeys(stamp for each in reports for stamp in each["stamps"])
    for stamp in needed.keys() - {NOT_CALIBRATED} - set(report["stamps"]):
        yield f"stamps: the report lacks {stamp!r}, which a fold has"
    experiment = checked_experiment(content, asked["experiment"])
    source = "out-of-fold predictions of train"
    yield from _of_calibration(experiment, source, calibration, predictions)


def _of_stamps(
    experiment: Experiment, facts: Mapping, report: Mapping, calibration: Calibration
) -> Iterator[str]:
    derived = stamps(experiment, report["split"], report["fold"], folds=facts["folds"])
    derived += calibration.stamps
    known = {"optimistic", "resubstitution", "leaky folds", "not calibrated"}
    for stamp in derived:
        if stamp not in report["stamps"]:
            yield f"stamps: the report lacks {stamp!r}, which follows from {CONFIG_FILE}"
    for stamp in report["stamps"]:
        if stamp in known and stamp not in derived:
            yield f"stamps: the report has {stamp!r}, which does not follow from {CONFIG_FILE}"


def _of_calibration(
    experiment: Experiment, source: str, calibration: Calibration, predictions: Predictions
) -> Iterator[str]:
    """Whether the calibration is the one that the selection set gives."""
    found = {
        "fitted_on": source,
        "num_images": len(predictions),
        "num_groups": len(np.unique(predictions.groups)),
    }
    rule, threshold = choose_threshold(predictions, min_sensitivity=experiment.min_sensitivity)
    found["rule"] = rule
    for key, value in found.items():
        if getattr(calibration, key) != value:
            held = getattr(calibration, key)
            yield f"calibration.json: {key} is {held!r}, the selection set gives {value!r}"
    if abs(calibration.threshold - threshold) > 1e-6:
        yield f"calibration.json: threshold {calibration.threshold}, the rule gives {threshold}"
    residual = platt_targets(predictions.labels) - predictions.calibrated_scores
    centred = predictions.logits - np.mean(predictions.logits)
    slopes = (np.mean(residual), np.mean(residual * centred) / (np.std(centred) or 1))
    if not calibration.note and np.max(np.abs(slopes)) > _FLAT:
        yield "calibration.json: temperature and bias are not those that fit the selection set"


def _of_states(run: Path) -> Iterator[str]:
    """Whether the settings are those of the last saved state; states may have been removed."""
    for state in state_folders(run)[:1]:
        copy = state / CONFIG_FILE
        if copy.is_file() and copy.read_bytes() != (run / CONFIG_FILE).read_bytes():
            yield f"{CONFIG_FILE}: not what the run was trained with ({copy})"
        if (state / "state.json").is_file():
            saved = read_object(state / "state.json").get("history")
            if saved != read_history(run / HISTORY_FILE):
                yield f"{HISTORY_FILE}: not the epochs that {state / 'state.json'} holds"


def _is_named_for(folder: Path, report: Mapping) -> bool:
    """Whether a folder's name begins with the set of its report, and names its views."""
    base = set_name(report["split"], report["fold"]).replace(" ", "-")
    more = folder.name.removeprefix(base)
    fits = folder.name.startswith(base) and not more.startswith("-fold-") and more[:1] in ("", "-")
    return fits and ("-tta-" in more) == (report["tta"] > 1)


def _of_records(
    run: Path, folder: Path, report: Mapping, predictions: Predictions
) -> Iterator[str]:
    """Whether labels, patients and folds are those of the run's records, where these are there."""
    (experiment, facts), own = read_config(run), folder == run
    records = Path(facts.get("records", ""))
    digest = RecordsDigest.stored_in(facts)
    other = any(report.get(key, value) != value for key, value in digest.as_dict().items())
    if other or digest.differing_files(RecordsDigest.of(records)):
        return
    if read_proof(records)["folds"] != facts["folds"]:
        yield f"{CONFIG_FILE}: the folds of the records are {read_proof(records)['folds']}"
    if own and not is_finished(run, records) and not any(run.glob("evaluation/validation*")):
        yield "evaluation/validation: missing, though the records have the preliminary phase"
    whole = experiment.limit_validation is None
    yield from _of_rows(records, report, predictions, own=own, whole_set=whole)


def _of_rows(
    records: Path, report: Mapping, predictions: Predictions, *, own: bool, whole_set: bool
) -> Iterator[str]:
    fold_of_name = read_folds(records)
    rows = {
        row.name: (row.patient, row.group, row.label, fold_of_name.get(row.name, -1))
        for row in read_index(records)
        if row.split == report["split"] and report["fold"] in (None, fold_of_name.get(row.name, -1))
    }
    names = predictions.names.tolist()
    if not own and not set(names) & rows.keys():
        return  # Of other records.
    columns = (predictions.patients, predictions.groups, predictions.labels, predictions.folds)
    told = zip(names, *(column.tolist() for column in columns), strict=True)
    wrong = [name for name, *told_of in told if rows.get(name) != tuple(told_of)]
    if wrong:
        yield f"predictions.csv: {len(wrong)} images are not as the records list them: {wrong[0]!r}"
    if whole_set and len(names) != len(rows):
        yield f"predictions.csv: {len(names)} images, the records have {len(rows)} of the set"
