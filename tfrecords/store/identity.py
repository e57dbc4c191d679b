"""Which images a records directory holds: its name, its digest and the names of its classes."""

import csv
from pathlib import Path
from typing import NamedTuple

from tfrecords.class_names import ClassNames, class_name_fault, class_names_of
from tfrecords.records_name import CNMC_NAME, check_records_name, name_of_folder
from tfrecords.store.manifest import MANIFEST_FILE, RecordsError, digest_file, read_manifest

PUBLISHED_FILE = "published.csv"


class Identity(NamedTuple):
    """What a result says of the images that it was measured on."""

    name: str
    sha256: str  # Of the manifest, which has the digest of every shard.
    classes: ClassNames


def read_identity(directory: Path) -> Identity:
    """Read the name, the digest and the classes of a records directory.

    Records of an earlier version have no name: they are C-NMC 2019 where published.csv lists
    nothing but published files, and otherwise called like their folder.

    Raises:
        RecordsError: There are no records, or their names are damaged.
    """
    manifest, path = read_manifest(directory), directory / MANIFEST_FILE
    classes = class_names_of(manifest)
    name = manifest.get("name") or _earlier_name(directory)
    try:
        if name != CNMC_NAME:
            check_records_name(name)
        if fault := next(filter(None, map(class_name_fault, classes)), ""):
            raise ValueError(fault)
        if classes.negative == classes.positive:
            raise ValueError(f"two classes of one name, {classes.negative!r}")
    except ValueError as error:
        raise RecordsError(f"{path} is damaged: {error}. Pack the records again.") from error
    return Identity(name, digest_file(path), classes)


def _earlier_name(directory: Path) -> str:
    path = directory / PUBLISHED_FILE
    if path.is_file():
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            found = {row.get("status") for row in csv.DictReader(file)} - {"missing"}
        if found == {"exact"}:
            return CNMC_NAME
    return name_of_folder(directory.resolve().name)
