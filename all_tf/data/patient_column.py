"""The patient of each image file: the folder that it lies in, or a row of a table."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tfrecords.names import legible, name_fault, one_spelling, without_steps_up
from tfrecords.store.tables import TableError, read_table

FOLDER = "folder"  # The word for the folder that holds an image.
_COLUMNS = ("path", "patient")
_NOT_UTF8 = "\ufffd"  # In the path of an image, for each byte that is not; see `read_new_cells`.
PatientOf: TypeAlias = Callable[[str], str]  # From the path of an image.


@dataclass(frozen=True)
class _ListedPatients:
    """The patients that a table names; a `PatientOf`."""

    table: Path
    patient_of_path: dict[Path, str]  # By `_place`.

    def __call__(self, name: str) -> str:
        return self.patient_of_path.get(_place(Path(name)), "")


def patient_lookup(source: str) -> PatientOf:
    """A function from the path of an image to its patient, empty where none is known.

    Args:
        source: FOLDER for the name of the folder that holds the image, as `without_steps_up` has
            it; or a CSV file with the columns path and patient. A path is absolute, or as seen from
            the folder of the table.

    Raises:
        TableError: The table is a folder or damaged, gives a file two patients, or a patient a name
            that may be none (`name_fault`). The function raises ValueError for a folder's name.
        OSError: It cannot be read.
    """
    if source == FOLDER:
        return _folder_of
    table = Path(source)
    if table.is_dir():
        raise TableError(
            f"{table} is a folder. Name a CSV file with the columns {','.join(_COLUMNS)}, or write "
            f'the word "{FOLDER}": the name of its folder is then the patient of each image'
        )
    patient_of_path: dict[Path, str] = {}
    for row in read_table(table, columns=_COLUMNS):
        path = _place(table.parent / row.text["path"].strip())
        patient = one_spelling(row.text["patient"])
        if fault := name_fault(patient):
            raise TableError(f"{table}, line {row.line}: patient {legible(patient)}: {fault}")
        if patient_of_path.setdefault(path, patient) != patient:
            raise TableError(f"{table}, line {row.line}: {path.name} has two patients")
    return _ListedPatients(table, patient_of_path)


def unmatched(patient_of: PatientOf, names: Sequence[str]) -> list[str]:
    """Say where a table and the images do not meet: a mistyped path is no unknown patient.

    Args:
        patient_of: Of `patient_lookup`; there is nothing to say of another one.
        names: The paths of the images that were scored.

    Returns:
        A line if no image has a patient, and a line if some rows have no image.
    """
    if not isinstance(patient_of, _ListedPatients):
        return []
    table, listed = patient_of.table, patient_of.patient_of_path
    given = {_place(Path(name)) for name in names}
    notes = []
    if not given & listed.keys():
        notes.append(f"No patient is known: none of the images is in {table}.")
    elif not any(map(patient_of, names)):
        notes.append(f"No patient is known: {table} names none for the images.")
    if left := [path for path in listed if path not in given]:
        notes.append(
            f"{len(left):,} of {len(listed):,} paths in {table} lead to none of the images scored. "
            f"The first: {left[0]}"
        )
    return notes


def _folder_of(name: str) -> str:
    folder = without_steps_up(Path(name).parent)  # ".." would be one patient everywhere.
    patient = one_spelling(folder.name)
    if fault := name_fault(patient.replace(_NOT_UTF8, "\udc80")):
        raise ValueError(f"The folder {legible(folder)} cannot name a patient: {fault}")
    return patient


def _place(path: Path) -> Path:
    """The place of a file in one spelling: a table may spell accents otherwise than the disk."""
    return Path(unicodedata.normalize("NFC", str(path.resolve())))
