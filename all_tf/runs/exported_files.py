"""The SHA-256 of exported files: as export.json keeps them, and what differs from them."""

from collections.abc import Mapping
from pathlib import Path

from all_tf.runs.fields import EXPORT
from all_tf.runs.strict_reading import read_object
from tfrecords.store.manifest import digest_file

EXPORT_FILE = "export.json"


def digests(path: Path) -> dict[str, str]:
    """SHA-256 of an exported file, or of each file of a folder, by its path in there."""
    if not path.is_dir():
        return {path.name: digest_file(path)} if path.is_file() else {}
    files = sorted(each for each in path.rglob("*") if each.is_file())
    return {str(each.relative_to(path)): digest_file(each) for each in files}


def changed_exports(folder: Path) -> tuple[int, list[str]]:
    """The number of files that export.json lists, and a line for each that is not as listed.

    Args:
        folder: With an export.json, which has no checksum itself.

    Raises:
        RunError: export.json is damaged.
    """
    files = read_object(folder / EXPORT_FILE, EXPORT, needed=EXPORT)["files"]
    listed = [(name, _listed(about)) for name, about in files.items()]
    faults = [line for name, wanted in listed for line in _faults(folder, name, wanted)]
    present = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    more = sorted(present - files.keys() - {EXPORT_FILE})
    faults += [f"{name}: not listed in {EXPORT_FILE}" for name in more]
    return sum(len(wanted) for _, wanted in listed), faults


def _listed(about: Mapping) -> Mapping:
    found = about.get("sha256")
    return found if isinstance(found, dict) else {}


def _faults(folder: Path, name: str, wanted: Mapping) -> list[str]:
    """What differs in an exported file, or in the folder of a SavedModel."""
    if not wanted or Path(name).name != name:
        return [f"{name}: {EXPORT_FILE} has no SHA-256 of such a file"]
    found = digests(folder / name)
    changed = sorted(each for each in {**wanted, **found} if wanted.get(each) != found.get(each))
    return [f"{name}: {_fault(each, wanted, found)}" for each in changed]


def _fault(file: str, wanted: Mapping, found: Mapping) -> str:
    if file not in found:
        return f"{file} is missing"
    if file not in wanted:
        return f"{file} is not listed in {EXPORT_FILE}"
    return f"{file} was changed since it was exported (SHA-256)"
