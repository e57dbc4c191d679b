"""SHA-256 of the files of a folder, as `sha256sum -c SHA256SUMS` reads them too."""

from pathlib import Path

from tfrecords.store.files import write_text
from tfrecords.store.manifest import digest_file

SUMS_FILE = "SHA256SUMS"
_UNCHECKED_FILES = {SUMS_FILE, "status.json"}  # Written after the checksums.


def write_checksums(folder: Path) -> None:
    """Write the checksums of the files in a folder; files in its subfolders have none.

    Args:
        folder: Finished. Hidden files and the run's status are left out.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    lines = [
        f"{digest_file(path)}  {path.name}\n"
        for path in files
        if path.name not in _UNCHECKED_FILES and not path.name.startswith(".")
    ]
    write_text(folder / SUMS_FILE, "".join(lines))


def read_checksums(folder: Path) -> dict[str, str]:
    """SHA-256 by file name, as `write_checksums` wrote them; empty where there is no such file."""
    path = folder / SUMS_FILE
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def changed_files(folder: Path) -> list[str]:
    """List the files that are missing or differ from their checksums, a line for each."""
    broken = []
    for name, digest in read_checksums(folder).items():
        path = folder / name
        if path.parent != folder or not path.is_file():
            broken.append(f"{name}: missing")
        elif digest_file(path) != digest:
            broken.append(f"{name}: changed since it was written (SHA-256)")
    return broken
