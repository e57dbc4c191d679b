"""The patient of each image file: the folder that it lies in, or a row of a table."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tfrecords.names import one_spelling
from tfrecords.store.tables import TableError, read_table

FOLDER = "folder"  # The word for the folder that holds an image.
_COLUMNS = ("path", "patient")
PatientOf: TypeAlias = Callable[[str], str]  # From the path of an image.


def patient_lookup(source: str) -> PatientOf:
    """A function from the path of an image to its patient, empty where none is known.

    Args:
        source: FOLDER for the name of the folder that holds the image; or a CSV file with the
            columns path and patient. A path is absolute, or as seen from the folder of the table.

    Raises:
        TableError: The table is damaged, or gives a file two patients.
        OSError: It cannot be read.
    """
    if source == FOLDER:
        return lambda name: Path(name).absolute().parent.name
    table = Path(source)
    patient_of_path: dict[Path, str] = {}
    for row in read_table(table, columns=_COLUMNS):
        path = (table.parent / row.text["path"].strip()).resolve()
        patient = one_spelling(row.text["patient"])
        if patient_of_path.setdefault(path, patient) != patient:
            raise TableError(f"{table}, line {row.line}: {path.name} has two patients")
    return lambda name: patient_of_path.get(Path(name).resolve(), "")
