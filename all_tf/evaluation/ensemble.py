"""An ensemble of finished runs: the mean of their calibrated logits, evaluated as one run is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from all_tf.data.cells import Cells
from all_tf.data.splits import LoadedSet, load_set
from all_tf.evaluation.by_name import (
    calibration_or_own,
    find_calibration,
    refuse_fitted_cells,
)
from all_tf.evaluation.evaluate import write_evaluation
from all_tf.evaluation.predict import batches_to_score, predict, predictions_of
from all_tf.evaluation.run_weights import load_run
from all_tf.evaluation.set_place import set_place
from all_tf.metrics.bootstrap import Bootstrap
from all_tf.metrics.calibration import listed, mean_calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.folder import (
    METRICS_FILE,
    EvaluationSet,
    RunError,
    evaluation_folder,
    other_records_folder,
    read_config,
    read_metrics,
    refuse_overwriting,
)
from all_tf.runs.members import note_members, noted_members
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.report_header import Selection, SetPlace, report_header
from all_tf.runs.required_files import MAY_BE_ABSENT
from all_tf.runs.result_files import replaced_files
from all_tf.runs.stamps import selected_on
from all_tf.system.outputs import is_unused
from tfrecords.store.folds import FOLDS_FILE


def _default_folder(members: Sequence[Path], loaded: LoadedSet, place: Path) -> Path:
    """`ensemble/SET` beside the first member; for other records in a folder of their own."""
    beside = members[0].parent / "ensemble"
    if not loaded.own:
        beside /= other_records_folder(loaded.records_name, loaded.records_sha256)
    return beside / place.name


def evaluate_ensemble(
    members: Sequence[Path],
    asked: EvaluationSet,
    *,
    out: Path | None = None,
    tta: int = 1,
    calibration: str | None = None,
) -> tuple[Path, dict]:
    """Evaluate the mean of several runs' calibrated logits on a set, and save the result.

    Each member's logits are calibrated (divided by its temperature, plus its bias) before the mean
    is taken. Raw logits differ in scale, so that the most confident member would decide alone. The
    threshold is the mean of the members' thresholds, as logits. Nothing is fitted.

    Args:
        members: Finished runs (`all_tf.runs.members.members_of`) of the same records.
        asked: The set. Its split must be named.
        out: The folder to save to: new, empty, or with an evaluation of the same members on the
            same set, with the same views and calibration. None for `ensemble/SET` beside the first
            member.
        tta: As `all_tf.evaluation.evaluate.evaluate_run` takes it.
        calibration: The name of a calibration of the cross-validation whose folds the members are;
            None for the mean of the members' own.

    Returns:
        The folder, and the report: that of a run, but with `members`, and with None as
        `best_epoch`. It has the stamps of every member: if one was trained on images of the set,
        the ensemble was, too.

    Raises:
        RunError: The members were trained on different records, or `out` holds something else.
        RecordsError, SplitError: The set is missing or damaged.
        ValueError: No split is named.
    """
    split, fold = asked.split_and_fold()
    _refuse_different_records(members, split)
    _, facts = read_config(members[0])
    loaded = load_set(facts, asked)
    if out is None:
        by = calibration or ""
        place = evaluation_folder(members[0], split, fold, tta=tta, calibration=by)
        out = _default_folder(members, loaded, place)
    asked_for = (loaded.records_sha256, split, fold, tta, calibration)
    _refuse_others(out, members, asked_for)
    if not loaded.own:
        refuse_overwriting(out, METRICS_FILE, asked)
    named = find_calibration(members[0].parent, calibration, members)
    more = refuse_fitted_cells(named, loaded.cells)
    used = mean_calibration([read_calibration(member) for member in members])
    used = calibration_or_own(named, used)
    predictions = used.apply(mean_predictions(members, loaded.cells, tta=tta))
    selected = listed(selected_on(read_config(member)[0]) for member in members)
    limits = _stamps([set_place(member, loaded, split, fold) for member in members]) + more
    name = loaded.records_name
    whole = SetPlace(split, fold, loaded.records_sha256, limits, records_name=name)
    header = report_header(predictions, whole, Selection(selected, None), used, tta=tta)
    report = header | note_members(out, members)
    if named:
        report["calibration"] = named.name
    bootstrap = Bootstrap(predictions)
    if predictions.labelled:
        report |= all_metrics(predictions, threshold=used.threshold, bootstrap=bootstrap)
    with replaced_files(out, dropped=MAY_BE_ABSENT) as partial:
        write_calibration(partial, used)
        write_evaluation(partial, report, predictions, bootstrap=bootstrap)
    return out, report


def mean_predictions(members: Sequence[Path], cells: Cells, *, tta: int = 1) -> Predictions:
    """The mean of several runs' calibrated logits of cells (`evaluate_ensemble`)."""
    logits = [calibrated_logits(member, cells, tta=tta) for member in members]
    return predictions_of(cells, np.mean(logits, axis=0))


def _stamps(places: Sequence[SetPlace]) -> list[str]:
    """The stamps of all members, each once."""
    return list(dict.fromkeys(stamp for place in places for stamp in place.stamps))


def calibrated_logits(
    member: Path, cells: Cells, *, tta: int = 1, precision: str | None = None
) -> np.ndarray:
    """Score cells by one run; its network is released afterwards.

    Args:
        member: A finished run.
        cells: At least one.
        tta: As `all_tf.evaluation.predict.predict` takes it.
        precision: As `load_run` takes it.

    Returns:
        float64 `(n,)`, of which `logistic` gives the calibrated scores.
    """
    experiment, _, _, model = load_run(member, precision=precision)
    calibration = read_calibration(member)
    batches = batches_to_score(cells, experiment, title=f"cells for {member.name}")
    predictions = predict(model, batches, cells, tta=tta)
    return predictions.logits / calibration.temperature + calibration.bias


def _refuse_others(out: Path, members: Sequence[Path], asked_for: Sequence[object]) -> None:
    if is_unused(out):
        return
    there = read_metrics(out) if (out / METRICS_FILE).is_file() else {}
    told = [there.get(key) for key in ("records_sha256", "split", "fold", "tta", "calibration")]
    told[0] = told[0] or asked_for[0]  # A report of an earlier version names no records.
    if not _is_of(there, members, out) or told != list(asked_for):
        raise RunError(
            f"{out} is not empty and holds no evaluation of these runs on this set, with these "
            "views and this calibration. Name another --out."
        )


def _is_of(report: dict, members: Sequence[Path], folder: Path) -> bool:
    """Whether a report in a folder is of these members, in this order."""
    if "members" not in report:
        return False
    if "members_sha256" in report:
        return report["members_sha256"] == note_members(folder, members)["members_sha256"]
    there = [member.resolve() for member in noted_members(folder, report)]
    return there == [member.resolve() for member in members]


def _refuse_different_records(members: Sequence[Path], split: str) -> None:
    first, *others = (RecordsDigest.stored_in(read_config(member)[1]) for member in members)
    differing = {file for other in others for file in first.differing_files(other)}
    if split != "train":
        differing -= {FOLDS_FILE}  # No member has learnt from images outside the training split.
    if differing:
        raise RunError(
            f"The runs were trained on different records ({' and '.join(sorted(differing))} differ "
            "by SHA-256), so that nobody can say which of these images each of them has met. "
            "Choose runs of one records directory."
        )
