"""What a report says of itself, derived again from the run's settings, epochs and records."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import NOT_CALIBRATED, Calibration
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_facts import contradictions_of_use
from all_tf.runs.derived_calibration import DERIVED_STAMPS, calibration_contradictions
from all_tf.runs.fields import ENVIRONMENT, TRAINING_RANGE
from all_tf.runs.folder import (
    CONFIG_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    evaluation_folder,
    is_finished,
    other_records,
    read_config,
    read_metrics,
    set_name,
    state_folders,
)
from all_tf.runs.history_file import chosen_epoch, read_history, typical_speed
from all_tf.runs.known_cells_file import read_known_cells
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.stamps import (
    CHOSEN_AMONG,
    selected_on,
    selection_set,
    stamps_of_own,
)
from all_tf.runs.strict_reading import read_object
from tfrecords.class_names import class_names_of
from tfrecords.store.folds import read_folds
from tfrecords.store.index import read_index
from tfrecords.store.leakage import read_proof
from tfrecords.store.manifest import digest_file, read_manifest


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
    split, fold = selection_set(experiment)
    return expected | {
        "split": split,
        "fold": fold,
        "tta": 1,
        "best_epoch": chosen_epoch(history, experiment),
        "images_per_second": typical_speed(history, experiment),
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
    yield from contradictions_of_use(run, report, calibration)
    if folder == run:
        if facts.get("view") != asdict(experiment.view):
            yield f"{CONFIG_FILE}: the view does not follow from the experiment"
        if experiment.chooses and predictions.labelled:
            source = set_name(*selection_set(experiment))
            yield from calibration_contradictions(experiment, source, calibration, predictions)
        yield from _of_states(run)
        read_object(run / "environment.json", ENVIRONMENT)
        read_object(run / "training_range.json", TRAINING_RANGE, needed=TRAINING_RANGE)
        read_known_cells(run)
    elif not _is_named_for(folder, report):
        name = evaluation_folder(run, report["split"], report["fold"], tta=report["tta"]).name
        yield f"{folder.name}: its report is of {name}"
    yield from _of_records(run, folder, report, predictions)


def _of_stamps(
    experiment: Experiment, facts: Mapping, report: Mapping, calibration: Calibration
) -> Iterator[str]:
    known, derived = {NOT_CALIBRATED}, list(calibration.stamps)
    if not other_records(report, facts):  # Those on other records follow from their images.
        known = DERIVED_STAMPS
        derived += stamps_of_own(experiment, facts, report["split"], report["fold"])
    for stamp in derived:
        if stamp not in report["stamps"]:
            yield f"stamps: the report lacks {stamp!r}, which follows from {CONFIG_FILE}"
    for stamp in report["stamps"]:
        is_derived = stamp in known or stamp.startswith(CHOSEN_AMONG)
        if is_derived and stamp not in derived:
            yield f"stamps: the report has {stamp!r}, which does not follow from {CONFIG_FILE}"


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
    """Whether a folder's name has the set of its report, its views and its calibration."""
    base = set_name(report["split"], report["fold"]).replace(" ", "-")
    name, _, by = folder.name.partition("-calibrated-")
    more = name.removeprefix(base)
    fits = name.startswith(base) and not more.startswith("-fold-") and more[:1] in ("", "-")
    return fits and ("-tta-" in more) == (report["tta"] > 1) and by == report.get("calibration", "")


def _of_records(
    run: Path, folder: Path, report: Mapping, predictions: Predictions
) -> Iterator[str]:
    """Whether labels, patients and folds are those of the run's records, where these are there."""
    (experiment, facts), own = read_config(run), folder == run
    records = Path(facts.get("records", ""))
    digest = RecordsDigest.stored_in(facts)
    if other_records(report, facts) or digest.differing_files(RecordsDigest.of(records)):
        return
    yield from _of_names(facts, read_manifest(records))
    if read_proof(records)["folds"] != facts["folds"]:
        yield f"{CONFIG_FILE}: the folds of the records are {read_proof(records)['folds']}"
    scored = any(run.glob(f"evaluation/validation*/{METRICS_FILE}"))
    if own and not scored and not is_finished(run, records):
        yield "evaluation/validation: missing, though the records have this split"
    whole = experiment.limit_validation is None
    yield from _of_rows(records, report, predictions, whole_set=whole)


def _of_names(facts: Mapping, manifest: Mapping) -> Iterator[str]:
    """Whether the run calls its records and their classes as they call themselves."""
    known = {"records_name": manifest.get("name"), **class_names_of(manifest).as_dict()}
    for key in sorted(known.keys() & facts.keys()):
        if known[key] and facts[key] != known[key]:
            yield f"{CONFIG_FILE}: {key} is {facts[key]!r}, the records have {known[key]!r}"


def _of_rows(
    records: Path, report: Mapping, predictions: Predictions, *, whole_set: bool
) -> Iterator[str]:
    fold_of_name = read_folds(records)
    rows = {
        row.name: (row.patient, row.group, row.label, fold_of_name.get(row.name, -1))
        for row in read_index(records)
        if row.split == report["split"] and report["fold"] in (None, fold_of_name.get(row.name, -1))
    }
    names = predictions.names.tolist()
    columns = (predictions.patients, predictions.groups, predictions.labels, predictions.folds)
    told = zip(names, *(column.tolist() for column in columns), strict=True)
    wrong = [name for name, *told_of in told if rows.get(name) != tuple(told_of)]
    if wrong:
        yield f"predictions.csv: {len(wrong)} images are not as the records list them: {wrong[0]!r}"
    if whole_set and len(names) != len(rows):
        yield f"predictions.csv: {len(names)} images, the records have {len(rows)} of the set"
