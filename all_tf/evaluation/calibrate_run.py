"""Fits a calibration of a finished run to somebody's own labelled cells, and measures it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from all_tf.data.cells import Cells
from all_tf.data.pixel_digests import pixel_digests
from all_tf.data.splits import LoadedSet, load_set, require_labelled_classes
from all_tf.evaluation.ensemble import mean_predictions
from all_tf.evaluation.predict import batches_to_score, predict, predictions_of
from all_tf.evaluation.run_weights import load_run, network_digest
from all_tf.evaluation.set_place import set_place
from all_tf.metrics.bootstrap import count_groups
from all_tf.metrics.calibration import Calibration, fit_calibration, mean_calibration
from all_tf.metrics.cross_fitting import cross_fit, decide, divide_patients, measure
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.checksums import SUMS_FILE, write_checksums
from all_tf.runs.errors import RunError
from all_tf.runs.folder import (
    FIT_FILE,
    PREDICTIONS_FILE,
    EvaluationSet,
    is_cross_validation,
    read_config,
    refuse_links,
    set_name,
    write_json,
)
from all_tf.runs.members import members_of
from all_tf.runs.named_calibration import calibration_folder
from all_tf.runs.prediction_files import write_predictions
from all_tf.runs.report_header import SetPlace
from all_tf.runs.stamps import LEARNT_BY_PARENT
from all_tf.runs.training_images import UsedImage, write_training_images
from tfrecords.packing.atomic import BusyError, fresh_directory
from tfrecords.store.manifest import read_manifest

_LEARNT = {"resubstitution", LEARNT_BY_PARENT}  # No logit of such a cell is like a new one's.


class OwnCalibration(NamedTuple):
    """A calibration that was fitted and saved."""

    folder: Path
    calibration: Calibration
    fit: dict  # As fit.json holds it.


def calibrate_run(
    run: Path,
    asked: EvaluationSet,
    *,
    name: str | None = None,
    min_sensitivity: float | None = None,
) -> OwnCalibration:
    """Fit temperature, bias and threshold to labelled cells, and say what they are worth.

    They are fitted to all of the cells. What they are worth is measured by fitting them again
    without each part of the patients, and scoring that part (`all_tf.metrics.cross_fitting`).

    Args:
        run: A finished run, or a cross-validation, whose networks then score together.
        asked: The set of cells, with its records; a split of None is train, or where the records
            have no such split, validation.
        name: Of the calibration; None for that of the folder of the records.
        min_sensitivity: As `fit_calibration` takes it; None for the run's own.

    Raises:
        RunError: The run is unfinished or damaged, has such a calibration already, or has learnt
            from these cells.
        RecordsError, SplitError: The set is missing, damaged, without labels or of one class.
        ValueError: A class has fewer than two patients, or `min_sensitivity` is not in [0, 1].
    """
    records = asked.records
    if records is None:
        raise ValueError("Expected the records of the cells to fit to. Received: none")
    folder = _new_folder(run, name or _name_of(records))
    members = members_of([run]) if is_cross_validation(run) else [run]
    experiment, facts = read_config(members[0])
    if asked.split is None:
        asked = asked._replace(split=_labelled_split(records))
    loaded = load_set(facts, asked)
    require_labelled_classes(loaded.cells, "calibrate on")
    places = [set_place(member, loaded, *asked.split_and_fold()) for member in members]
    _refuse_learnt(places)
    unscored = predictions_of(loaded.cells, np.zeros(len(loaded.cells)))
    parts = divide_patients(unscored)  # Which may refuse them, before they are scored.
    own, predictions = _score(members, loaded.cells)
    least = experiment.min_sensitivity if min_sensitivity is None else min_sensitivity
    where = f"{loaded.records_name}, {set_name(*asked.split_and_fold())}"
    calibration = fit_calibration(predictions, fitted_on=where, min_sensitivity=least)
    crossed = cross_fit(predictions, parts, min_sensitivity=least)
    fit = {
        "name": folder.name,
        "network_sha256": network_digest(members),
        **_describe_set(places, loaded),
        "min_sensitivity": least,
        "parts": len(np.unique(parts)),
        **count_groups(predictions),
        "run_calibration": asdict(own),
        "before": measure(predictions, decide(predictions, own)),
        "after": measure(predictions, crossed),
    }
    _save(folder, calibration, fit, _with_parts(predictions, parts, crossed.scores), loaded.cells)
    return OwnCalibration(folder, calibration, fit)


def _new_folder(run: Path, name: str) -> Path:
    folder = calibration_folder(run, name)
    if folder.exists():
        raise _taken(folder, "exists already")
    refuse_links(run)
    return folder


def _taken(folder: Path, why: str) -> RunError:
    return RunError(f"{folder} {why}. Name another calibration: --name NAME")


def _name_of(records: Path) -> str:
    """The name of a folder, as far as it can be one of a calibration."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", records.resolve().name).lstrip("_.-")[:64] or "own"


def _labelled_split(records: Path) -> str:
    return "train" if "train" in read_manifest(records)["splits"] else "validation"


def _refuse_learnt(places: Sequence[SetPlace]) -> None:
    if learnt := sorted({stamp for place in places for stamp in place.stamps} & _LEARNT):
        raise RunError(
            "The network has learnt from images of this set, so that its logits there are not what "
            "they are on new cells, and nothing can be fitted to them. Name other records, or "
            f"another --split or --fold. Received: {', '.join(learnt)}"
        )


def _score(members: Sequence[Path], cells: Cells) -> tuple[Calibration, Predictions]:
    """The calibration so far, and the logits that it is applied to."""
    if len(members) > 1:
        own = mean_calibration([read_calibration(member) for member in members])
        return own, mean_predictions(members, cells)
    experiment, _, _, model = load_run(members[0])
    batches = batches_to_score(cells, experiment, title="cells to calibrate on")
    return read_calibration(members[0]), predict(model, batches, cells)


def _describe_set(places: Sequence[SetPlace], loaded: LoadedSet) -> dict[str, object]:
    stamps = dict.fromkeys(stamp for place in places for stamp in place.stamps)
    return {
        "records": loaded.records_name,
        "records_sha256": loaded.records_sha256,
        **loaded.cells.classes.as_dict(),
        "split": places[0].split,
        "fold": places[0].fold,
        "stamps": list(stamps),
    }


def _with_parts(
    predictions: Predictions, parts: np.ndarray, calibrated_scores: np.ndarray
) -> Predictions:
    """The predictions with the part of each cell as its fold, and the scores it had there."""
    columns = {**vars(predictions), "folds": parts, "calibrated_scores": calibrated_scores}
    return Predictions(**columns)


def _save(
    folder: Path, calibration: Calibration, fit: dict, predictions: Predictions, cells: Cells
) -> None:
    pixels = pixel_digests(cells.pngs.tolist(), title="calibrated images")
    with _new_directory(folder) as partial:
        write_calibration(partial, calibration)
        write_json(partial / FIT_FILE, fit)
        write_predictions(partial / PREDICTIONS_FILE, predictions)
        write_training_images(partial, map(UsedImage, pixels, cells.patients.tolist()))
        write_checksums(partial)


@contextmanager
def _new_directory(folder: Path) -> Iterator[Path]:
    """As `fresh_directory`; another process may have taken the name during the work.

    Raises:
        RunError: It has.
    """
    try:
        with fresh_directory(folder, overwrite=False, marker=SUMS_FILE) as partial:
            yield partial
    except FileExistsError as error:
        raise _taken(folder, "exists already") from error
    except BusyError as error:
        raise _taken(folder, "is being written by another process") from error
