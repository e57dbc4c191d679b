"""The patient of each image: its folder, a row of a table, or what a function says."""

import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tfrecords.names import alike, legible, look_of, name_fault, one_spelling, without_steps_up
from tfrecords.store.tables import TableError, read_table
from tfrecords.store.text_cells import text_of_cell

FOLDER = "folder"  # The word for the folder that holds an image.
_COLUMNS = ("path", "patient")
_NOT_UTF8 = "\ufffd"  # In the path of an image, for each byte that is not; see `read_new_cells`.
_INSTEAD = (
    f'Name a CSV file with the columns {",".join(_COLUMNS)} in the place of the word "{FOLDER}"'
)
PatientOf: TypeAlias = Callable[[str], str]  # From the path of an image.


@dataclass(frozen=True)
class _ListedPatients:
    """The patients that a table names; a `PatientOf`."""

    table: Path
    patient_of_path: dict[Path, str]  # By `_place`.

    def __call__(self, name: str) -> str:
        return self.patient_of_path.get(_place(Path(name)), "")


@dataclass
class _FolderPatients:
    """The patients of the folders that it was asked about, each of one folder; a `PatientOf`."""

    first_of_look: dict[str, tuple[str, Path]] = field(default_factory=dict)

    def __call__(self, name: str) -> str:
        folder = without_steps_up(Path(name).parent)  # ".." would be one patient everywhere.
        patient = one_spelling(folder.name)
        if fault := name_fault(patient.replace(_NOT_UTF8, "\udc80")):
            raise ValueError(f"The folder {legible(folder)} cannot name a patient: {fault}")
        known, first = self.first_of_look.setdefault(look_of(patient), (patient, folder))
        where = f"{legible(first)}, {legible(folder)}"
        if patient != known:
            raise ValueError(f"{where}: {alike(known, patient)}. {_INSTEAD}")
        if first != folder and _place(first) != _place(folder):
            shared = f"two folders give one name to their patients, {legible(patient)}"
            raise ValueError(f"{where}: {shared}. {_INSTEAD}")
        return patient


@dataclass
class _GivenPatients:
    """The patients that a caller's function gives, as the names of a table; a `PatientOf`."""

    given: Callable[[str], object]
    first_of_look: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __call__(self, name: str) -> str:
        found = self.given(name)
        patient = "" if _is_missing(found) else one_spelling(str(found))
        if fault := name_fault(patient):
            raise ValueError(f"{legible(name)}: patient {legible(patient)}: {fault}")
        known, first = self.first_of_look.setdefault(look_of(patient), (patient, name))
        if patient and known and patient != known:
            raise ValueError(f"{legible(first)}, {legible(name)}: {alike(known, patient)}")
        return patient


def _is_missing(found: object) -> bool:
    """Whether it is None, or what pandas has in its place: NaN, NaT or NA."""
    pandas = sys.modules.get("pandas")  # There is no NA before it was imported.
    if found is None or (pandas is not None and found is pandas.NA):
        return True
    return bool(found != found)  # NaN and NaT are not equal to themselves.


def checked_patients(given: Callable[[str], object]) -> PatientOf:
    """A function from the path of an image to its patient, by one that may say anything.

    Args:
        given: From the path of an image to its patient; None, NaN or "" where none is known.

    Returns:
        It raises ValueError for a name that may be none (`name_fault`), and for the second of two
        that look alike (`look_of`).
    """
    return _GivenPatients(given)


def patient_lookup(source: str) -> PatientOf:
    """A function from the path of an image to its patient, empty where none is known.

    Args:
        source: FOLDER for the name of the folder that holds the image, as `without_steps_up` has
            it; or a CSV file with the columns path and patient (`text_of_cell`). A path is
            absolute, or as seen from the folder of the table.

    Raises:
        TableError: The table is a folder or damaged, gives a file two patients, a patient a name
            that may be none (`name_fault`), or two patients names that look alike (`look_of`). The
            function raises ValueError for such names of folders, and for two folders of one name.
        OSError: It cannot be read.
    """
    if source == FOLDER:
        return _FolderPatients()
    table = Path(source)
    if table.is_dir():
        raise TableError(
            f"{table} is a folder. Name a CSV file with the columns {','.join(_COLUMNS)}, or write "
            f'the word "{FOLDER}": the name of its folder is then the patient of each image'
        )
    patient_of_path: dict[Path, str] = {}
    first_of_look: dict[str, tuple[str, int]] = {}
    for row in read_table(table, columns=_COLUMNS):
        path = _place(table.parent / row.text["path"].strip())
        patient = one_spelling(text_of_cell(row.text["patient"].strip()))
        if fault := name_fault(patient):
            raise TableError(f"{table}, line {row.line}: patient {legible(patient)}: {fault}")
        if patient_of_path.setdefault(path, patient) != patient:
            raise TableError(f"{table}, line {row.line}: {path.name} has two patients")
        known, line = first_of_look.setdefault(look_of(patient), (patient, row.line))
        if patient and known and patient != known:
            raise TableError(f"{table}, lines {line} and {row.line}: {alike(known, patient)}")
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


def _place(path: Path) -> Path:
    """The place of a file in one spelling: a table may spell accents otherwise than the disk."""
    return Path(unicodedata.normalize("NFC", str(path.resolve())))
