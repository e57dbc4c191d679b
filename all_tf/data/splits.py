"""Which cells a run learns from, chooses on and is scored on, and what its figures are worth."""

from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells, limit_cells, load_cells
from all_tf.runs.folder import EvaluationSet, RunError
from all_tf.runs.records_digest import RecordsDigest
from tfrecords.store.leakage import OFFICIAL, read_proof
from tfrecords.store.manifest import read_manifest


class SplitError(ValueError):
    """A set that is needed cannot be had as it is; the message says what there is."""


@dataclass(frozen=True)
class Data:
    """The cells of a run, by what it does with them."""

    fit: Cells  # Learnt from; duplicates left out.
    selection: Cells  # The epoch is chosen on these, if any is; else all of the training split.
    held_out: Cells | None  # Scored once, at the end; None where there is no such set.
    folds: str  # How the folds were made: `leakage.GROUPED` or `leakage.OFFICIAL`.


def load_data(experiment: Experiment, records: Path, *, trusted: bool = False) -> Data:
    """Load the sets of a run, and refuse any whose figures would mean nothing.

    Under the honest protocol: the folds of train but one, that one, and the preliminary phase if
    it is there. Without a fold to hold out all of train is learnt from, and no epoch chosen. Under
    the study's: all of train, the preliminary phase, nothing.

    Args:
        experiment: Whose protocol, fold and limits are followed.
        records: A records directory.
        trusted: As `load_cells` takes it.

    Raises:
        RecordsError, FoldsError, LeakageError: The records are not what was written.
        SplitError: A set would be empty, of one class or without labels, or shares patients with
            the one that is learnt from.
    """
    training, held_out = load_cells(records, "train", trusted=trusted), None
    folds = read_proof(records)["folds"]
    fit = learnt_from(training, experiment)
    if experiment.protocol == "honest":
        selection = fold_of(training, experiment.fold) if experiment.chooses else training
        if "validation" in read_manifest(records)["splits"]:
            held_out = load_cells(records, "validation", trusted=trusted)
    else:
        selection = load_cells(records, "validation", trusted=trusted)
    limit = experiment.limit_validation
    selection = limit_cells(selection, limit, seed=experiment.seed)
    require_labelled_classes(fit, "learn from")
    require_labelled_classes(selection, "choose the epoch on")
    published = experiment.protocol == "honest" and folds == OFFICIAL  # Folds that share patients.
    if experiment.chooses and not published:
        _require_disjoint(fit, selection)
    if held_out is not None:
        held_out = limit_cells(held_out, limit, seed=experiment.seed)
        require_labelled_classes(held_out, "be scored on")
        _require_disjoint(fit, held_out)
    return Data(fit, selection, held_out, folds)


def learnt_from(training: Cells, experiment: Experiment) -> Cells:
    """The cells that a run learns from, of all of the training split."""
    fit = training
    if experiment.protocol == "honest" and experiment.chooses:
        fit = fit.take(fit.folds != experiment.fold)
    fit = fit.take(fit.duplicate_of == "")
    return limit_cells(fit, experiment.limit_train, seed=experiment.seed)


def load_set(facts: dict, asked: EvaluationSet) -> tuple[Cells, Path]:
    """The cells that a finished run is asked about, and the records that they lie in.

    Args:
        facts: That the run's config.json holds beside its experiment.
        asked: Which cells.

    Raises:
        RunError: Nobody can say which of these images the run has met.
        RecordsError, FoldsError, LeakageError: The records are not what was written.
        SplitError: There is no such fold.
    """
    records = asked.records or Path(facts["records"])
    if asked.split == "train" and RecordsDigest.of(records).folds_sha256 != facts["folds_sha256"]:
        raise RunError(
            f"{records} has other folds than the run was trained on, so that nobody can say which "
            "of its training images the network has met. Score another split, or pass --records "
            "with the run's own folds."
        )
    cells = load_cells(records, asked.split, trusted=asked.trusted)
    return cells if asked.fold is None else fold_of(cells, asked.fold), records


def fold_of(cells: Cells, fold: int) -> Cells:
    """The cells of one fold.

    Raises:
        SplitError: There is no such fold.
    """
    known = sorted(set(cells.folds.tolist()) - {-1})
    if fold not in known:
        has = f"The records have {', '.join(map(str, known))}" if known else "Only train has folds"
        raise SplitError(f"No such fold. {has}. Received: fold={fold}")
    return cells.take(cells.folds == fold)


def home_of(facts: dict, records: Path) -> Path:
    """The records that a run was trained on: these if they have its folds, else those it names.

    Args:
        facts: That the run's config.json holds beside its experiment.
        records: A records directory that may be a copy of the run's own, or of other cells.
    """
    own = RecordsDigest.of(records).folds_sha256 == facts["folds_sha256"]
    return records if own else Path(facts["records"])


def require_labelled_classes(cells: Cells, purpose: str) -> None:
    """Let only cells pass that are labelled and of both classes.

    Raises:
        SplitError: They are not; the message says for what they would be needed.
    """
    hem, disease = cells.counts
    if hem == 0 or disease == 0 or hem + disease < len(cells):
        raise SplitError(
            f"The images to {purpose} need labels and both classes. Choose another fold, or raise "
            f"the limit. Received: {disease} ALL, {hem} HEM, {len(cells)} images in all"
        )


def _require_disjoint(fit: Cells, other: Cells) -> None:
    if shared := sorted(set(fit.groups) & set(other.groups)):
        raise SplitError(
            "A patient on both sides of a split makes every figure worthless. Pack the records "
            f"again, or choose another protocol. Received: groups {', '.join(shared)} on both sides"
        )
