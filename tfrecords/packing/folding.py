"""Folds of packed images: assigns them, writes them with their proof, and makes them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tfrecords.packing.patient_groups import assign_folds, check_num_folds
from tfrecords.sources.cnmc import SourceImage
from tfrecords.store.exchange import replace_together
from tfrecords.store.folds import folds_files
from tfrecords.store.index import IndexRow, read_index
from tfrecords.store.leakage import GROUPED, LEAKAGE_FILE, OFFICIAL, Member, proof_text, prove

# The number of folds to make, or "official": the published folds, which leak.
FoldChoice = int | Literal["official"]


@dataclass(frozen=True)
class Packed:
    """The index of the packed images, and the fold of each image of the training split."""

    rows: list[IndexRow]
    fold_of_name: dict[str, int]
    folds: str  # How the folds were made: `leakage.GROUPED` or `leakage.OFFICIAL`.
    left_out: tuple[str, ...] = ()  # Images whose pixels lie under both classes.

    @property
    def members(self) -> list[Member]:
        """The images in the form that `leakage.prove` needs."""
        return [
            Member(row.split, self.fold_of_name.get(row.name, -1), row.patient, row.group)
            for row in self.rows
        ]


def check_folds(images: Sequence[SourceImage], folds: FoldChoice) -> None:
    """Check before the packing that there are enough patients for the folds.

    Raises:
        FoldError: There are too few, even if no two of them are one person.
    """
    training = [(image.label, image.patient) for image in images if image.phase == "train"]
    if training and folds != OFFICIAL:
        check_num_folds(training, num_folds=folds)


def refold(directory: Path, *, folds: FoldChoice, seed: int = 0) -> Packed:
    """Make new folds for existing records, without changing the records.

    Args:
        directory: A records directory.
        folds: The number of folds, or "official" for the published ones.
        seed: The seed of the folds.

    Raises:
        RecordsError: There are no records, or their index was changed.
        FoldError: The patient groups cannot be divided into that many folds.
    """
    directory = directory.resolve()
    packed = assign_packed_folds(read_index(directory), folds=folds, seed=seed)
    write_sidecars(directory, packed)
    return packed


def assign_packed_folds(rows: list[IndexRow], *, folds: FoldChoice, seed: int) -> Packed:
    """Assign a fold to every image of the training split.

    Raises:
        FoldError: The patient groups cannot be divided into that many folds.
    """
    if folds == OFFICIAL:
        official = {row.name: row.official_fold for row in rows if row.split == "train"}
        return Packed(rows, official, OFFICIAL)
    return Packed(rows, assign_folds(rows, num_folds=folds, seed=seed), GROUPED)


def write_sidecars(directory: Path, packed: Packed) -> None:
    """Write the folds and the proof that belongs to them; after a kill both are old, or new."""
    group_of_name = {row.name: row.group for row in packed.rows}
    files = folds_files(fold_of_name=packed.fold_of_name, group_of_name=group_of_name)
    proof = prove(packed.members, folds=packed.folds)
    replace_together(directory, {**files, LEAKAGE_FILE: proof_text(proof)})
