"""The patient of each image file: the folder that it lies in, or a row of a table."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tfrecords.names import one_spelling
from tfrecords.store.tables import TableError, read_table

FOLDER = "folder"  # The word for the folder that holds an image.
_COLUMNS = ("path", "patient")
PatientOf: TypeAlias = Callable[[str], str]  # From the path of an image.


class _ListedPatients(NamedTuple):
    """The patients that a table names; a `PatientOf`."""

    table: Path
    patient_of_path: dict[Path, str]

    def __call__(self, name: str) -> str:
        return self.patient_of_path.get(Path(name).resolve(), "")


def patient_lookup(source: str) -> PatientOf:
    """A function from the path of an image to its patient, empty where none is known.

    Args:
        source: FOLDER for the name of the folder that holds the image; or a CSV file with the
            columns path and patient. A path is absolute, or as seen from the folder of the table.

    Raises:
        TableError: The table is a folder or damaged, or gives a file two patients.
        OSError: It cannot be read.
    """
    if source == FOLDER:
        return lambda name: Path(name).absolute().parent.name
    table = Path(source)
    if table.is_dir():
        raise TableError(
            f"{table} is a folder. Name a CSV file with the columns {','.join(_COLUMNS)}, or write "
            f'the word "{FOLDER}": the name of its folder is then the patient of each image'
        )
    patient_of_path: dict[Path, str] = {}
    for row in read_table(table, columns=_COLUMNS):
        path = (table.parent / row.text["path"].strip()).resolve()
        patient = one_spelling(row.text["patient"])
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
    table, listed = patient_of
    given = {Path(name).resolve() for name in names}
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
