"""SHA-256 of the files of a folder, as `sha256sum -c SHA256SUMS` reads them too."""

import re
from pathlib import Path

from all_tf.runs.errors import RunError
from all_tf.runs.folder import read_status
from all_tf.runs.required_files import required_files
from all_tf.runs.strict_reading import damage_error, read_text
from tfrecords.store.files import write_text
from tfrecords.store.manifest import digest_file

SUMS_FILE = "SHA256SUMS"
_UNCHECKED_FILES = {SUMS_FILE, "status.json"}  # Written after the checksums.
_LINE = re.compile(r"([0-9a-f]{64})  ([^/\0]+)")


def write_checksums(folder: Path, *, replaced_by: Path | None = None) -> None:
    """Write the checksums of the files in a folder; files in its subfolders have none.

    Args:
        folder: Finished. Hidden files and the run's status are left out.
        replaced_by: A folder of files that are going to be moved there. The checksums are written
            into this one, as if they were there already.
    """
    places = [folder] if replaced_by is None else [folder, replaced_by]
    path_of = {path.name: path for place in places for path in place.iterdir() if path.is_file()}
    lines = [
        f"{digest_file(path)}  {name}\n"
        for name, path in sorted(path_of.items())
        if name not in _UNCHECKED_FILES and not name.startswith(".")
    ]
    write_text(places[-1] / SUMS_FILE, "".join(lines))


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

    A file that is not there is left to its reader. Folders without checksums are read where the
    run has not ended: resuming reads them, too.

    Raises:
        RunError: The file was changed, added or removed, or its line was.
    """
    digests = read_checksums(path.parent)
    if not digests:
        if path.exists() and _has_ended(path.parent):
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


def _has_ended(folder: Path) -> bool:
    """Whether a folder is of a run that says of itself that it is finished."""
    places = (folder, *list(folder.parents)[:2])
    return any(read_status(place).get("state") == "finished" for place in places)
