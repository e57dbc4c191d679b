"""SHA-256 of the files of a folder, as `sha256sum -c SHA256SUMS` reads them too."""

import re
from collections.abc import Mapping
from pathlib import Path

from all_tf.runs.errors import RunError
from all_tf.runs.folder import read_status
from all_tf.runs.required_files import is_run, required_files
from all_tf.runs.strict_reading import damage_error, read_text
from tfrecords.store.files import write_text
from tfrecords.store.manifest import digest_file

SUMS_FILE = "SHA256SUMS"
_UNCHECKED_FILES = {SUMS_FILE, "status.json"}  # Written after the checksums.
_LINE = re.compile(r"([0-9a-f]{64})  ([^/\0]+)")


def write_checksums(folder: Path) -> None:
    """Write the checksums of the files in a folder (`file_digests`).

    Args:
        folder: Finished.
    """
    list_checksums(folder, file_digests(folder))


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the files in a folder by name, without hidden ones and the run's status.

    Files in its subfolders have none.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    listed = (each for each in names if each not in _UNCHECKED_FILES and not each.startswith("."))
    return {name: digest_file(folder / name) for name in listed}


def list_checksums(folder: Path, digest_of_name: Mapping[str, str]) -> None:
    """Write checksums as `sha256sum -c` reads them, sorted by name."""
    lines = (f"{digest}  {name}\n" for name, digest in sorted(digest_of_name.items()))
    write_text(folder / SUMS_FILE, "".join(lines))


def read_checksums(folder: Path) -> dict[str, str]:
    """SHA-256 by file name, as `write_checksums` wrote them; empty where there is no such file.

    Raises:
        RunError: A line has another form, or a file has two lines.
    """
    path = folder / SUMS_FILE
    if not path.is_file():
        return {}
    digest_of_name: dict[str, str] = {}
    *lines, rest = read_text(path).split("\n")  # `splitlines` takes other characters for ends.
    if rest:
        raise damage_error(path, len(lines) + 1, None, "the last line is cut.")
    for number, line in enumerate(lines, 1):
        parts = _LINE.fullmatch(line)
        if parts is None or parts[2] in digest_of_name:
            raise damage_error(
                path, number, None, "Expected a SHA-256 and the name of a file, once."
            )
        digest_of_name[parts[2]] = parts[1]
    return digest_of_name


def changed_files(folder: Path) -> list[str]:
    """List the files that are missing or differ from their checksums, a line for each."""
    faults = ((name, _fault(folder / name, each)) for name, each in read_checksums(folder).items())
    return [f"{name}: {fault}" for name, fault in faults if fault]


def unchanged(path: Path) -> Path:
    """A file of a run, checked against its line in SHA256SUMS before it is read.

    A file that is not there is left to its reader. A run that has not ended has no checksums, and
    is read: resuming does so, too.

    Raises:
        RunError: The file was changed, added or removed, or its line was.
    """
    digests = read_checksums(path.parent)
    if not digests:
        if path.exists() and not _is_unfinished(path.parent):
            raise RunError(
                f"{path.parent / SUMS_FILE} is missing, so that nobody can say whether "
                f"{path.name} was changed. Score the set again, or train again."
            )
        return path
    if path.name in digests:
        fault = _fault(path, digests[path.name])
    else:
        needed = path.name in required_files(path.parent)
        absent = "missing" if needed else None
        fault = f"not listed in {SUMS_FILE}" if path.exists() or path.is_symlink() else absent
    if fault:
        raise RunError(
            f"{path}: {fault}. It is not what the run ended with: restore it, or train again. All "
            "differences: python scripts/verify.py RUN"
        )
    return path


def _fault(path: Path, digest: str) -> str | None:
    if path.is_symlink():
        return "a symbolic link"
    if not path.is_file():
        return "missing"
    return None if digest_file(path) == digest else "changed since it was written (SHA-256)"


def _is_unfinished(folder: Path) -> bool:
    """Whether a folder has no checksums yet: it is a state, or in a run that goes on.

    Results of several runs have theirs from the moment when they are in their place.
    """
    places = (folder, *list(folder.parents)[:3])  # RUN, RUN/evaluation/SET or /RECORDS/SET.
    run = next(filter(is_run, places), None)
    if folder.parent.name == "state":
        return True
    return run is not None and read_status(run).get("state") != "finished"
