"""Writes and reads folds.csv, the fold of each training image, and its SHA-256."""

import csv
import hashlib
from pathlib import Path

from tfrecords.store.files import atomic_write, write_text

FOLDS_FILE = "folds.csv"
DIGEST_FILE = "folds.csv.sha256"  # As `sha256sum` writes it, so that `sha256sum -c` checks it.


class FoldsError(ValueError):
    """The folds of a records directory are missing or were changed."""


def write_folds(
    directory: Path, *, fold_of_name: dict[str, int], group_of_name: dict[str, str]
) -> None:
    """Write the folds beside the records, sorted by name; new folds do not change the records."""
    path = directory / FOLDS_FILE
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["name", "group", "fold"])
        rows.writerows(
            [name, group_of_name[name], fold] for name, fold in sorted(fold_of_name.items())
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_text(directory / DIGEST_FILE, f"{digest}  {FOLDS_FILE}\n")


def read_folds(directory: Path) -> dict[str, int]:
    """Read the fold, 0 to K - 1, of each image name.

    Raises:
        FoldsError: The file is missing or differs from its digest.
    """
    path = directory / FOLDS_FILE
    try:
        data, stored = path.read_bytes(), (directory / DIGEST_FILE).read_text(encoding="utf-8")
    except OSError as error:
        raise FoldsError(
            f"{directory} has no folds: {error.strerror} ({Path(error.filename).name}). "
            f"Make them: python scripts/make_tfrecords.py --refold 5 --records {directory}"
        ) from error
    if hashlib.sha256(data).hexdigest() != stored.split()[0]:
        raise FoldsError(
            f"{path} was changed: it differs from {DIGEST_FILE}. Restore it, or make new folds: "
            f"python scripts/make_tfrecords.py --refold 5 --records {directory}"
        )
    rows = csv.DictReader(data.decode("utf-8").splitlines())
    return {row["name"]: int(row["fold"]) for row in rows}
