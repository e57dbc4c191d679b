"""What the records say of the images that a run was trained on."""

import csv
from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.metrics.scored_set import Count, count
from all_tf.runs.records_digest import RecordsDigest
from tfrecords.store.folds import read_folds
from tfrecords.store.identity import PUBLISHED_FILE
from tfrecords.store.index import read_index
from tfrecords.store.manifest import read_manifest


@dataclass(frozen=True)
class Source:
    """The training images of a run, counted in its records."""

    training: Count
    published: int  # Images of the records that are byte for byte those of C-NMC 2019.
    images: int  # Of the records.
    of_cnmc: bool  # Whether they were packed as C-NMC's, and compared with what is published.


def read_source(
    records: Path, experiment: Experiment, config: dict, *, every_fold: bool
) -> Source | None:
    """Count what a run was trained on.

    Args:
        records: A records directory, which may be missing.
        experiment: The run's.
        config: What its config.json holds beside the experiment.
        every_fold: Whether all folds were trained on, as by the networks of a cross-validation.

    Returns:
        None if the records are missing or are not those that the run was trained on.
    """
    if RecordsDigest.stored_in(config).differing_files(RecordsDigest.of(records)):
        return None
    fold_of_name = read_folds(records)
    rows = read_index(records)
    held_out = experiment.fold if experiment.protocol == "honest" and not every_fold else None
    training = [
        (row.label, row.patient)
        for row in rows
        if row.split == "train" and not row.duplicate_of and fold_of_name[row.name] != held_out
    ]
    published = _count_published(records, {row.name for row in rows})
    of_cnmc = read_manifest(records).get("layout", "cnmc") == "cnmc"
    return Source(count(training), published, len(rows), of_cnmc)


def _count_published(records: Path, names: set[str]) -> int:
    path = records / PUBLISHED_FILE
    if not path.is_file():
        return 0
    with path.open(newline="", encoding="utf-8") as file:
        exact = {row["name"] for row in csv.DictReader(file) if row["status"] == "exact"}
    return len(exact & names)
