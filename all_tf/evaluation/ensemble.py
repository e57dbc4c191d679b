"""An ensemble of finished runs: the mean of their calibrated logits, evaluated as one run is."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from all_tf.data.cells import Cells
from all_tf.data.splits import LoadedSet, load_set
from all_tf.evaluation.evaluate import file_evaluation
from all_tf.evaluation.predict import batches_to_score, predict
from all_tf.evaluation.run_weights import load_run
from all_tf.evaluation.set_place import set_place
from all_tf.metrics.bootstrap import Bootstrap
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions, logistic
from all_tf.metrics.summary import all_metrics
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.cross_validation import fold_name, read_cross_validation
from all_tf.runs.folder import (
    METRICS_FILE,
    EvaluationSet,
    RunError,
    evaluation_folder,
    is_cross_validation,
    other_records_folder,
    read_config,
    read_metrics,
)
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.report_header import Selection, SetPlace, report_header
from all_tf.runs.stamps import selected_on
from tfrecords.store.folds import FOLDS_FILE

_RULE = "mean of the members' own, as logits"
_SURE = 1e-6  # The logit of a threshold of 0 or 1 is infinite and would decide alone.


def members_of(runs: Sequence[Path]) -> list[Path]:
    """The runs that form an ensemble; a cross-validation is replaced by its folds.

    Raises:
        RunError: There are fewer than two, or one is named twice.
    """
    members = []
    for run in runs:
        if is_cross_validation(run):
            members += [run / fold_name(fold) for fold in read_cross_validation(run).folds]
        else:
            members.append(run)
    if len(members) < 2 or len({member.resolve() for member in members}) < len(members):
        raise RunError(
            "An ensemble has two runs or more, each once. Received: " + ", ".join(map(str, members))
        )
    return members


def _default_folder(members: Sequence[Path], loaded: LoadedSet, place: Path) -> Path:
    """`ensemble/SET` beside the first member; for other records in a folder of their own."""
    beside = members[0].parent / "ensemble"
    if not loaded.own:
        beside /= other_records_folder(loaded.records_sha256)
    return beside / place.name


def evaluate_ensemble(
    members: Sequence[Path], asked: EvaluationSet, *, out: Path | None = None, tta: int = 1
) -> tuple[Path, dict]:
    """Evaluate the mean of several runs' calibrated logits on a set, and save the result.

    Each member's logits are calibrated (divided by its temperature, plus its bias) before the mean
    is taken. Raw logits differ in scale, so that the most confident member would decide alone. The
    threshold is the mean of the members' thresholds, as logits. Nothing is fitted.

    Args:
        members: Finished runs (`members_of`) of the same records.
        asked: The set. Its split must be named.
        out: The folder to save to: new, empty, or with an evaluation of the same members on the
            same records. None for `ensemble/SET` beside the first member.
        tta: As `all_tf.evaluation.evaluate.evaluate_run` takes it.

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
    names = [str(member) for member in members]
    _refuse_different_records(members, split)
    _, facts = read_config(members[0])
    loaded = load_set(facts, asked)
    if out is None:
        out = _default_folder(members, loaded, evaluation_folder(members[0], split, fold, tta=tta))
    _refuse_others(out, names, loaded.records_sha256)
    calibration = combine_calibrations([read_calibration(member) for member in members])
    predictions = _mean_predictions(members, loaded.cells, tta=tta)
    selected = _listed(selected_on(read_config(member)[0]) for member in members)
    limits = _stamps([set_place(member, loaded, split, fold) for member in members])
    place = SetPlace(split, fold, loaded.records_sha256, limits)
    header = report_header(predictions, place, Selection(selected, None), calibration, tta=tta)
    report = header | {"members": names}
    bootstrap = Bootstrap(predictions)
    if predictions.labelled:
        report |= all_metrics(predictions, threshold=calibration.threshold, bootstrap=bootstrap)
    out.mkdir(parents=True, exist_ok=True)
    write_calibration(out, calibration)
    file_evaluation(out, report, predictions, bootstrap=bootstrap)
    return out, report


def _mean_predictions(members: Sequence[Path], cells: Cells, *, tta: int) -> Predictions:
    logits = [_calibrated_logits(member, cells, tta=tta) for member in members]
    mean = np.mean(logits, axis=0)
    return Predictions(
        cells.names, cells.patients, cells.groups, cells.labels, mean, folds=cells.folds
    )


def _stamps(places: Sequence[SetPlace]) -> list[str]:
    """The stamps of all members, each once."""
    return list(dict.fromkeys(stamp for place in places for stamp in place.stamps))


def _calibrated_logits(member: Path, cells: Cells, *, tta: int) -> np.ndarray:
    """float64 `(n,)`; the network is released afterwards."""
    experiment, _, _, model = load_run(member)
    calibration = read_calibration(member)
    batches = batches_to_score(cells, experiment, title=f"cells for {member.name}")
    predictions = predict(model, batches, cells, tta=tta)
    return predictions.logits / calibration.temperature + calibration.bias


def combine_calibrations(calibrations: Sequence[Calibration]) -> Calibration:
    """The calibration of the mean logit: only a threshold, as the members are calibrated."""
    thresholds = np.clip([each.threshold for each in calibrations], _SURE, 1 - _SURE)
    mean = np.mean(np.log(thresholds) - np.log1p(-thresholds))
    return Calibration(
        rule=_RULE,
        threshold=float(logistic(mean)),
        fitted_on=_listed(each.fitted_on for each in calibrations),
        note=_listed(each.note for each in calibrations if each.note),
    )


def _listed(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


def _refuse_others(out: Path, names: list[str], records_sha256: str) -> None:
    if not out.exists() or not any(out.iterdir()):
        return
    there = read_metrics(out) if (out / METRICS_FILE).is_file() else {}
    # A report of an earlier version names no records.
    if there.get("members") != names or there.get("records_sha256") not in (None, records_sha256):
        raise RunError(
            f"{out} is not empty and holds no evaluation of these runs on these records. Name "
            "another --out."
        )


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
