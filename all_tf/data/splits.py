"""The cells of a run: which it learns from, chooses its epoch on and is scored on."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells, limit_cells, load_cells
from all_tf.runs.folder import EvaluationSet, RunError
from all_tf.runs.records_digest import RecordsDigest, unchanged_records
from tfrecords.class_names import ClassNames, are_turned, class_names_of
from tfrecords.store.identity import read_identity
from tfrecords.store.leakage import OFFICIAL, read_proof
from tfrecords.store.manifest import read_manifest


class SplitError(ValueError):
    """A set of cells is missing or unusable; the message says what there is."""


@dataclass(frozen=True)
class Data:
    """The cells of a run, by their use."""

    fit: Cells  # For training, without duplicates.
    selection: Cells  # To choose the epoch on; all of the training split if none is chosen.
    held_out: Cells | None  # Scored once, at the end; None if there is no such set.
    folds: str  # How the folds were made: `leakage.GROUPED` or `leakage.OFFICIAL`.


def load_data(experiment: Experiment, records: Path, *, trusted: bool = False) -> Data:
    """Load the sets of a run; raise if their metrics would be meaningless.

    Held-out protocol ("honest"): training on all folds of train but one, choice of the epoch on
    that one, final score on the split validation (C-NMC's preliminary phase, or the patients that
    a laboratory has set aside), if the records have it. Without a fold to hold
    out the training uses all of train and no epoch is chosen. Protocol of the study: training on
    all of train, choice of the epoch on the split validation, no final score.

    Args:
        experiment: Settings of protocol, fold and limits, and whether the held-out set is scored.
        records: A records directory.
        trusted: Whether to skip the SHA-256 of the shards.

    Raises:
        RecordsError, FoldsError, LeakageError: The records were changed or are damaged.
        SplitError: A set is empty, of one class or without labels, or shares patients with the
            training set.
    """
    training, held_out = load_cells(records, "train", trusted=trusted), None
    folds = read_proof(records)["folds"]
    fit = learnt_from(training, experiment)
    honest = experiment.protocol == "honest"
    if honest:
        selection = training if experiment.fold is None else fold_of(training, experiment.fold)
        if experiment.score_held_out and "validation" in read_manifest(records)["splits"]:
            held_out = load_cells(records, "validation", trusted=trusted)
    else:
        selection = load_cells(records, "validation", trusted=trusted)
    limit = experiment.limit_validation
    selection = limit_cells(selection, limit, seed=experiment.seed)
    require_labelled_classes(fit, "learn from")
    require_labelled_classes(selection, "choose the epoch on")
    published = honest and folds == OFFICIAL  # Folds that share patients.
    if experiment.chooses and not published:
        _require_disjoint(fit, selection)
    if held_out is not None:
        held_out = limit_cells(held_out, limit, seed=experiment.seed)
        require_labelled_classes(held_out, "be scored on")
        _require_disjoint(fit, held_out)
    return Data(fit, selection, held_out, folds)


def learnt_from(training: Cells, experiment: Experiment) -> Cells:
    """Return the cells of the training split that a run learns from."""
    fit = training
    if experiment.protocol == "honest" and experiment.chooses:
        fit = fit.take(fit.folds != experiment.fold)
    fit = fit.take(fit.duplicate_of == "")
    return limit_cells(fit, experiment.limit_train, seed=experiment.seed)


class LoadedSet(NamedTuple):
    """The cells that a finished run is evaluated on, and where they come from."""

    cells: Cells
    records: Path  # The records directory that holds them.
    records_sha256: str  # Of its manifest.
    own: bool  # Whether the run was trained on these records.
    records_name: str = ""


def load_set(facts: dict, asked: EvaluationSet) -> LoadedSet:
    """Load the cells that a finished run is evaluated on.

    Args:
        facts: The entries of the run's config.json other than the experiment.
        asked: Split, fold and records.

    Raises:
        RunError: The records are the run's own with other folds, so that its training images are
            not known; or their positive class is the run's negative one; or they were changed while
            they were read.
        RecordsError, FoldsError, LeakageError: The records were changed or are damaged.
        SplitError: There is no such fold.
        ValueError: No split is named.
    """
    if asked.split is None:
        raise ValueError(f"Expected the name of a split. Received: split={asked.split}")
    records = asked.records or Path(facts["records"])
    with unchanged_records(records) as digest:
        own = digest.manifest_sha256 == facts["manifest_sha256"]
        other_folds = digest.folds_sha256 != facts["folds_sha256"]
        if asked.split == "train" and own and other_folds:
            raise RunError(
                f"{records} has other folds than the run was trained on, so it is unknown on which "
                "of its training images the network was trained. Score another split, or pass "
                "--records with the run's own folds."
            )
        cells = load_cells(records, asked.split, trusted=asked.trusted)
    if asked.fold is not None:
        cells = fold_of(cells, asked.fold)
    _refuse_turned_classes(class_names_of(facts), cells.classes, records)
    return LoadedSet(cells, records, digest.manifest_sha256, own, read_identity(records).name)


def _refuse_turned_classes(learnt: ClassNames, found: ClassNames, records: Path) -> None:
    if are_turned(learnt, found):
        both = found.negative.lower() == learnt.positive.lower()
        way_out = f"--positive {learnt.positive}" if both else "another --positive"
        raise RunError(
            f"The classes of {records} are {found.negative} and {found.positive}, the second one "
            f"positive; those of the run {learnt.negative} and {learnt.positive}: right decisions "
            f"would count as wrong. Pack the images again with {way_out}."
        )


def fold_of(cells: Cells, fold: int) -> Cells:
    """Return the cells of one fold.

    Raises:
        SplitError: There is no such fold.
    """
    known = sorted(set(cells.folds.tolist()) - {-1})
    if fold not in known:
        has = f"The records have {', '.join(map(str, known))}" if known else "Only train has folds"
        raise SplitError(f"No such fold. {has}. Received: fold={fold}")
    return cells.take(cells.folds == fold)


def home_of(facts: dict, records: Path) -> Path:
    """Return the records of a run: `records` if they are a copy, else those it was trained on.

    Args:
        facts: The entries of the run's config.json other than the experiment.
        records: A records directory: a copy of the run's own, or one of other cells.
    """
    differing = RecordsDigest.stored_in(facts).differing_files(RecordsDigest.of(records))
    return Path(facts["records"]) if differing else records


def require_labelled_classes(cells: Cells, purpose: str) -> None:
    """Raise unless all cells are labelled and both classes are present.

    Args:
        cells: The cells to check.
        purpose: Their use, for the message: "learn from".

    Raises:
        SplitError: A label or a class is missing.
    """
    hem, disease = cells.counts
    if hem == 0 or disease == 0 or hem + disease < len(cells):
        raise SplitError(
            f"The images to {purpose} need labels and both classes. Choose another fold, or raise "
            f"the limit. Received: {disease} {cells.classes.positive}, "
            f"{hem} {cells.classes.negative}, {len(cells)} images in all"
        )


def _require_disjoint(fit: Cells, other: Cells) -> None:
    if shared := sorted(set(fit.groups) & set(other.groups)):
        raise SplitError(
            "A patient on both sides of a split makes every metric worthless. Pack the records "
            f"again, or choose another protocol. Received: groups {', '.join(shared)} on both sides"
        )
