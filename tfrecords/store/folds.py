"""Composes and reads folds.csv, the fold of each training image, and its SHA-256."""

import csv
import hashlib
import io
import shlex
from pathlib import Path

from tfrecords.store.exchange import finish_exchange
from tfrecords.store.tables import TableError, TableRow, parse_table

FOLDS_FILE = "folds.csv"
DIGEST_FILE = "folds.csv.sha256"  # As `sha256sum` writes it, so that `sha256sum -c` checks it.
_COLUMNS = ("name", "group", "fold")


class FoldsError(ValueError):
    """The folds of a records directory are missing or were changed."""


def folds_files(*, fold_of_name: dict[str, int], group_of_name: dict[str, str]) -> dict[str, str]:
    """Make the content of folds.csv and of the file of its digest, by file name."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows([name, group_of_name[name], fold] for name, fold in sorted(fold_of_name.items()))
    digest = hashlib.sha256(text.getvalue().encode()).hexdigest()
    return {FOLDS_FILE: text.getvalue(), DIGEST_FILE: f"{digest}  {FOLDS_FILE}\n"}


def read_folds(directory: Path) -> dict[str, int]:
    """Read the fold, 0 to K - 1, of each image name.

    Raises:
        FoldsError: The file is missing, differs from its digest or is no table of folds.
    """
    path = directory / FOLDS_FILE
    again = f"python scripts/make_tfrecords.py --refold 5 --records {shlex.quote(str(directory))}"
    try:
        finish_exchange(directory)
        data, stored = path.read_bytes(), (directory / DIGEST_FILE).read_bytes()
    except OSError as error:
        raise FoldsError(
            f"{directory} has no folds: {error.strerror} ({Path(error.filename or path).name}). "
            f"Make them: {again}"
        ) from error
    if stored.split()[:1] != [hashlib.sha256(data).hexdigest().encode()]:
        raise FoldsError(
            f"{path} was changed: it differs from {DIGEST_FILE}. Restore it, or make new folds: "
            f"{again}"
        )
    try:
        rows = parse_table(data, path, columns=_COLUMNS, key="name", ours=True)
        return {row.text["name"]: _fold(row, path) for row in rows}
    except TableError as error:
        raise FoldsError(f"{error}. Make new folds: {again}") from error


def require_fold(directory: Path, fold: int) -> None:
    """Raise FoldsError unless a records directory has a fold, from 0."""
    known = sorted(set(read_folds(directory).values()))
    if fold not in known:
        has = ", ".join(map(str, known))
        raise FoldsError(f"No such fold. The records have {has}. Received: fold={fold}")


def _fold(row: TableRow, path: Path) -> int:
    fold = row.text["fold"]
    if not (fold.isascii() and fold.isdecimal() and len(fold) < 10):
        raise TableError(
            f"{path}, line {row.line}: expected a fold, 0 or more; received: {fold[:40]!r}"
        )
    return int(fold)
