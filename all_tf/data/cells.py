"""Cells of a split in memory: encoded images, labels, patients and folds."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from all_tf.system.progress import track
from tfrecords.class_names import CNMC_CLASSES, ClassNames, class_names_of
from tfrecords.store.folds import read_folds
from tfrecords.store.leakage import Member, check_proof
from tfrecords.store.manifest import read_manifest
from tfrecords.store.reader import load_examples


@dataclass(frozen=True)
class Cells:
    """Cells of a split with encoded images; row i of every array is one cell."""

    pngs: np.ndarray  # bytes or memoryview (n,)
    labels: np.ndarray  # int64 (n,): 1 = the positive class, ALL; 0 = the other; -1 = unpublished.
    patients: np.ndarray  # str (n,)
    groups: np.ndarray  # str (n,)
    names: np.ndarray  # str (n,)
    duplicate_of: np.ndarray  # str (n,): name of an equal earlier image, or "".
    folds: np.ndarray  # int64 (n,), -1 outside the training split.
    classes: ClassNames = CNMC_CLASSES  # What the records call the classes.

    def __len__(self) -> int:
        return len(self.names)

    def take(self, which: np.ndarray) -> "Cells":
        """Return the cells that indices or a mask select."""
        names = [field.name for field in fields(self) if field.name != "classes"]
        columns = {name: getattr(self, name)[which] for name in names}
        return Cells(**columns, classes=self.classes)

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of cells of the negative and of the positive class."""
        return int(np.sum(self.labels == 0)), int(np.sum(self.labels == 1))


def load_cells(records: Path, split: str, *, trusted: bool = False) -> Cells:
    """Load and verify all cells of a split, in the order of the records.

    Args:
        records: A records directory.
        split: The name of a split.
        trusted: Whether to skip the SHA-256 of the shards (`load_examples`). The patients are
            compared with leakage.json in any case.

    Raises:
        RecordsError, FoldsError, LeakageError: The records were changed or are damaged.
    """
    examples = list(load_examples(records, split, trusted=trusted, progress=track))
    fold_of_name = read_folds(records) if split == "train" else {}

    def column(key: str) -> np.ndarray:
        return np.array([example[key] for example in examples])

    pngs = np.empty(len(examples), object)
    pngs[:] = [example["image"] for example in examples]
    names = column("name")
    cells = Cells(
        pngs=pngs,
        labels=column("label"),
        patients=column("patient"),
        groups=column("group"),
        names=names,
        duplicate_of=column("duplicate_of"),
        folds=np.array([fold_of_name.get(name, -1) for name in names], np.int64),
        classes=class_names_of(read_manifest(records)),
    )
    check_proof(
        records,
        [
            Member(split, int(fold), patient, group)
            for fold, patient, group in zip(cells.folds, cells.patients, cells.groups, strict=True)
        ],
    )
    return cells


def limit_cells(cells: Cells, limit: int | None, *, seed: int) -> Cells:
    """Sample at most `limit` cells, evenly over classes and over the patients of a class.

    Args:
        cells: The cells to sample from.
        limit: Number of cells; None for all.
        seed: Decides which cells of a patient are chosen.
    """
    if limit is None or limit >= len(cells):
        return cells
    shuffled = np.random.default_rng(seed).permutation(len(cells))
    turn_of_patient = _occurrence(cells.patients[shuffled])
    by_patient = shuffled[np.argsort(turn_of_patient, kind="stable")]
    turn_of_class = _occurrence(cells.labels[by_patient])
    chosen = by_patient[np.argsort(turn_of_class, kind="stable")][:limit]
    return cells.take(np.sort(chosen))


def _occurrence(values: np.ndarray) -> np.ndarray:
    """Count how often each value occurs before its place: `a b a a` gives `0 0 1 2`."""
    num_so_far: dict[object, int] = {}
    counts = np.empty(len(values), np.int64)
    for index, value in enumerate(values):
        counts[index] = num_so_far.get(value, 0)
        num_so_far[value] = counts[index] + 1
    return counts
