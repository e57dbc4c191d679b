"""Notices image files that change while they are packed."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tfrecords.counted import counted
from tfrecords.names import legible

_SHOWN = 10  # Files listed in one message; the others are only counted.


class SourceChangedError(ValueError):
    """An image file was changed or replaced while it was packed."""


class FileState(NamedTuple):
    """What no change of a file leaves as it was; all 0 if there is no file."""

    num_bytes: int = 0
    modified: int = 0  # Nanoseconds. A copying program may set it.
    changed: int = 0  # Nanoseconds; the kernel alone sets it, at every writing and renaming.
    inode: int = 0
    device: int = 0


def file_states(paths: Sequence[Path]) -> list[FileState]:
    """Note the state of files, for `refuse_changed`."""
    return [_state(path) for path in paths]


def refuse_changed(paths: Sequence[Path], states: Sequence[FileState]) -> None:
    """Raise if a file is not in the state that was noted.

    Raises:
        SourceChangedError: Some files have changed; the message lists them.
    """
    changed = [
        legible(path) for path, state in zip(paths, states, strict=True) if _state(path) != state
    ]
    if changed:
        rest = [f"and {len(changed) - _SHOWN:,} more"] if len(changed) > _SHOWN else []
        headline = (
            f"{counted(len(changed), 'file')} changed while being packed. Run again when they rest:"
        )
        raise SourceChangedError("\n  ".join([headline, *changed[:_SHOWN], *rest]))


def _state(path: Path) -> FileState:
    try:
        file = path.stat()
    except OSError:
        return FileState()
    return FileState(file.st_size, file.st_mtime_ns, file.st_ctime_ns, file.st_ino, file.st_dev)
