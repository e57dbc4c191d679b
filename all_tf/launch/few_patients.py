"""Says before a training what cannot be estimated after it, because patients are too few."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.metrics.bootstrap import LEAST_GROUPS
from all_tf.runs.folder import set_name
from all_tf.runs.stamps import selection_set
from tfrecords.class_names import ClassNames
from tfrecords.counted import counted
from tfrecords.store.folds import read_folds
from tfrecords.store.identity import read_identity
from tfrecords.store.index import IndexRow, read_index

_NO_INTERVAL = "no interval over patients can be estimated for"


def few_patients(experiment: Experiment, records: Path, *, all_folds: bool = False) -> list[str]:
    """List what a training will not be able to estimate; empty if there are enough patients.

    Args:
        experiment: Settings of the training.
        records: A records directory.
        all_folds: Whether each fold is held out in turn.

    Returns:
        A sentence for each set with too few patients. Ids that are one person are counted once.
    """
    classes = read_identity(records).classes
    rows = [row for row in read_index(records) if not row.duplicate_of]
    return list(_shortages(experiment, rows, read_folds(records), classes, all_folds=all_folds))


def _shortages(
    experiment: Experiment,
    rows: Sequence[IndexRow],
    fold_of_name: dict[str, int],
    classes: ClassNames,
    *,
    all_folds: bool,
) -> Iterator[str]:
    training = [row for row in rows if row.split == "train"]
    validation = [row for row in rows if row.split == "validation"]
    honest = experiment.protocol == "honest"
    chosen_on = set_name(*selection_set(experiment))
    selection, learnt = validation, training
    if honest:
        selection = [row for row in training if fold_of_name[row.name] == experiment.fold]
        learnt = [row for row in training if fold_of_name[row.name] != experiment.fold]
    if few := _few(learnt, classes, least=2):
        yield f"{few} to learn from: nothing says what the patients of a class have in common"
    if experiment.chooses and not all_folds and (few := _few(selection, classes)):
        yield (
            f"{chosen_on}, on which epoch, threshold and calibration are chosen, holds {few}: "
            f"{_NO_INTERVAL} its metrics, and another choice of patients may give another one"
        )
    if all_folds and (few := _few(training, classes)):
        yield f"all folds together hold {few}: {_NO_INTERVAL} the out-of-fold metrics"
    scores_more = honest and experiment.score_held_out
    if scores_more and not validation:
        yield (
            "no patient is set aside: no metric of this run will be free of the choice of its "
            "epoch. Of C-NMC 2019 these records lack the preliminary phase; of cells of your own "
            "make_tfrecords.py --hold-out sets some aside"
        )
    elif scores_more and (few := _few(validation, classes)):
        yield f"validation, which is scored once at the end, holds {few}: {_NO_INTERVAL} it"


def _few(rows: Sequence[IndexRow], classes: ClassNames, *, least: int = LEAST_GROUPS) -> str:
    """The numbers of patients of both classes in words; empty if there are enough of each."""
    counts = [len({row.group for row in rows if row.label == label}) for label in (0, 1)]
    if min(counts) >= least:
        return ""
    patients = f"{counted(counts[1], 'patient')} of {classes.positive}"
    return f"{patients}, {counts[0]} of {classes.negative} (it takes {least} of each)"
