"""The check of a records directory: what it holds, and whether it is as long as it was written."""

from collections import Counter
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.doctor.check import OK, PROBLEM, WARNING, Check
from all_tf.launch.few_patients import few_patients
from tfrecords.store.folds import FoldsError, read_folds
from tfrecords.store.identity import read_identity
from tfrecords.store.index import read_index
from tfrecords.store.leakage import LeakageError, read_proof
from tfrecords.store.manifest import RecordsError, read_manifest, verify_split


def check_records(records: Path, *, expected: bool) -> Check:
    """Read the tables of records and compare the lengths of their shards; no SHA-256.

    Args:
        records: A records directory.
        expected: Whether somebody has named it, so that it is a problem if there is none.
    """
    try:
        manifest = read_manifest(records)
        for split in manifest["splits"]:
            verify_split(records, split, trusted=True)
        read_proof(records)
        found, identity = _describe(records), read_identity(records)
    except (RecordsError, FoldsError, LeakageError, OSError) as error:
        return Check("records", PROBLEM if expected else WARNING, str(error))
    head = f"{identity.name} ({identity.sha256[:12]}) in {records}: "
    trains = "train" in manifest["splits"]
    shortages = few_patients(Experiment("base_cnn"), records) if trains else []
    if shortages:
        few = f"{head}{found}. Too few patients: {'; '.join(shortages)}"
        return Check("records", WARNING, few, usable=True)
    return Check("records", OK, head + found, usable=trains)


def _describe(records: Path) -> str:
    classes, rows = read_identity(records).classes, read_index(records)
    counts = Counter((row.split, row.label) for row in rows)
    splits = dict.fromkeys(row.split for row in rows)
    parts = []
    for split in splits:
        labelled = [(counts[split, label], classes[label]) for label in (1, 0)]
        unlabelled = [(counts[split, -1], "without a label")]
        named = [f"{n:,} {name}" for n, name in labelled + unlabelled if n]
        parts.append(f"{split} {', '.join(named)}")
    folds = len(set(read_folds(records).values())) if "train" in splits else 0
    return "; ".join([*parts, f"{folds} folds"])
