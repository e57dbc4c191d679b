"""Folds of packed images: assigns them, writes them with their proof, and makes them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tfrecords.class_names import CNMC_CLASSES, ClassNames, class_names_of
from tfrecords.packing.atomic import writing_lock
from tfrecords.packing.held_out import NOBODY, HoldOut
from tfrecords.packing.patient_groups import FoldError, assign_folds, check_num_folds
from tfrecords.sources.cnmc import SourceImage
from tfrecords.store.exchange import replace_together
from tfrecords.store.folds import folds_files
from tfrecords.store.index import IndexRow, read_index
from tfrecords.store.leakage import GROUPED, LEAKAGE_FILE, OFFICIAL, Member, proof_text, prove
from tfrecords.store.manifest import read_manifest

# The number of folds to make, or "official": the published folds, which leak.
FoldChoice = int | Literal["official"]


@dataclass(frozen=True)
class Packed:
    """The index of the packed images, and the fold of each image of the training split."""

    rows: list[IndexRow]
    fold_of_name: dict[str, int]
    folds: str  # How the folds were made: `leakage.GROUPED` or `leakage.OFFICIAL`.
    left_out: tuple[str, ...] = ()  # Images whose pixels lie under both classes.
    classes: ClassNames = CNMC_CLASSES

    @property
    def members(self) -> list[Member]:
        """The images in the form that `leakage.prove` needs."""
        return [
            Member(row.split, self.fold_of_name.get(row.name, -1), row.patient, row.group)
            for row in self.rows
        ]


def check_folds(
    images: Sequence[SourceImage], folds: FoldChoice, *, hold_out: HoldOut = NOBODY
) -> None:
    """Check before the packing that there are enough patients for the folds.

    Args:
        images: The images of all splits.
        folds: The number of folds, or "official".
        hold_out: How many patients are set aside first.

    Raises:
        FoldError: There are too few, even if no two of them are one person.
    """
    training = [image for image in images if image.phase == "train"]
    if not training or hold_out.everything:
        return
    if folds == OFFICIAL:
        _require_published_folds(min(image.fold for image in training))
        return
    patients = {(image.label, image.patient) for image in training}
    for label in (0, 1):
        of_class = sorted(pair for pair in patients if pair[0] == label)
        patients -= set(of_class[: hold_out.of(len(of_class))])
    check_num_folds(sorted(patients), num_folds=folds, classes=training[0].classes)


def refold(directory: Path, *, folds: FoldChoice, seed: int = 0) -> Packed:
    """Make new folds for existing records, without changing the records.

    Args:
        directory: A records directory.
        folds: The number of folds, or "official" for the published ones.
        seed: The seed of the folds.

    Raises:
        RecordsError: There are no records, or their index was changed.
        FoldError: The patient groups cannot be divided into that many folds.
        BusyError: Another process is making folds for these records, or packing them again.
    """
    directory = directory.resolve()
    read_manifest(directory)  # Before a lock is made beside a folder without records.
    with writing_lock(directory):
        classes = class_names_of(read_manifest(directory))
        packed = assign_packed_folds(read_index(directory), folds=folds, seed=seed, classes=classes)
        write_sidecars(directory, packed)
    return packed


def assign_packed_folds(
    rows: list[IndexRow], *, folds: FoldChoice, seed: int, classes: ClassNames
) -> Packed:
    """Assign a fold to every image of the training split.

    Raises:
        FoldError: The patient groups cannot be divided into that many folds.
    """
    if folds == OFFICIAL:
        official = {row.name: row.official_fold for row in rows if row.split == "train"}
        _require_published_folds(min(official.values(), default=0))
        return Packed(rows, official, OFFICIAL, classes=classes)
    found = assign_folds(rows, num_folds=folds, seed=seed, classes=classes)
    return Packed(rows, found, GROUPED, classes=classes)


def _require_published_folds(lowest: int) -> None:
    if lowest < 0:
        raise FoldError(
            "Only C-NMC has published folds. Ask for a number of folds. Received: folds=official"
        )


def write_sidecars(directory: Path, packed: Packed) -> None:
    """Write the folds and the proof that belongs to them; after a kill both are old, or new."""
    group_of_name = {row.name: row.group for row in packed.rows}
    files = folds_files(fold_of_name=packed.fold_of_name, group_of_name=group_of_name)
    proof = prove(packed.members, folds=packed.folds)
    replace_together(directory, {**files, LEAKAGE_FILE: proof_text(proof)})
