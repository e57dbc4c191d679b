"""Places of results: checked before the work that produces them, and claimed by one process."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from all_tf.system.cli import undone_at_a_sudden_end
from all_tf.system.locks import LOCK_FILE
from tfrecords.store.files import PARTIAL_PREFIX


def require_file(path: Path, *, ending: tuple[str, ...] = ()) -> None:
    """Raise unless a file can be written at `path`; a file there may be replaced.

    Args:
        path: The file, in a folder that exists.
        ending: The allowed ends of the name; empty for any.

    Raises:
        ValueError: Its name ends otherwise.
        OSError: The folder is missing, full or not writable, or `path` is a folder.
    """
    if ending and not path.name.lower().endswith(ending):
        raise ValueError(
            f"Expected a file {' or '.join(f'*{x}' for x in ending)}. Received: {path}"
        )
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Name a file.")
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a regular file. Name another one.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {path.parent}. Make it, or name another file. Received: {path}"
        )
    _try_to_write(path.parent)


def require_new_file(path: Path, *, ending: tuple[str, ...] = ()) -> None:
    """Raise unless a file can be written at `path` and nothing is there (`require_file`).

    Raises:
        FileExistsError: Something is there, perhaps a link to nowhere.
    """
    if path.exists() or path.is_symlink():
        raise FileExistsError(f"{path} exists already. Name another file.")
    require_file(path, ending=ending)


def require_folder(path: Path) -> None:
    """Raise unless files can be written in a folder, which may still have to be made.

    Raises:
        OSError: It, or the nearest folder above that exists, is not a writable folder, or full.
    """
    nearest = path
    while not (nearest.exists() or nearest.is_symlink()):
        nearest = nearest.parent
    if not nearest.is_dir():
        raise NotADirectoryError(f"{nearest} is not a folder. Name another one. Received: {path}")
    _try_to_write(nearest)


def is_unused(folder: Path) -> bool:
    """Whether a folder is missing, or holds no more than locks and files half written.

    A process that works there, or that died before its work began, may have left those.
    """
    ours = (LOCK_FILE, PARTIAL_PREFIX)
    return not folder.exists() or all(each.name.startswith(ours) for each in folder.iterdir())


@contextmanager
def claimed_file(path: Path, *, or_next: bool = False) -> Iterator[Path]:
    """Create an empty file that no other process has, to be replaced by the result.

    Args:
        path: The file, in a folder that exists.
        or_next: Whether to take NAME-2, NAME-3 and so on where it exists already.

    Yields:
        The path of the file; it is removed if the block leaves it empty.

    Raises:
        FileExistsError: It exists already.
        OSError: The folder is missing, full or not writable, or `path` is a folder.
    """
    require_file(path) if or_next else require_new_file(path)
    for name in _numbered(path):
        try:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            break
        except FileExistsError:
            if not or_next:
                raise

    def remove_if_empty() -> None:
        if name.is_file() and not name.stat().st_size:
            name.unlink()

    try:
        with undone_at_a_sudden_end(remove_if_empty):
            yield name
    finally:
        remove_if_empty()


@contextmanager
def claimed_folder(path: Path) -> Iterator[Path]:
    """Create a folder that no other process has: NAME, or NAME-2, NAME-3 and so on.

    Args:
        path: The folder; those above it are made where they are missing.

    Yields:
        The folder. If the block leaves it empty it is removed, and the one above if that was new.

    Raises:
        OSError: It cannot be created.
    """
    above_is_new = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in _numbered(path):
        with suppress(FileExistsError):
            name.mkdir()
            break

    def remove_if_empty() -> None:
        with suppress(OSError):  # They are not empty.
            name.rmdir()
            if above_is_new:
                path.parent.rmdir()

    try:
        with undone_at_a_sudden_end(remove_if_empty):
            yield name
    finally:
        remove_if_empty()


def _numbered(path: Path) -> Iterator[Path]:
    """Yield NAME, NAME-2, NAME-3 and so on, each with the suffix of a file."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _try_to_write(folder: Path) -> None:
    """Write a byte to a file in a folder and remove it: rights, quotas and full disks show up."""
    probe = folder / f"{PARTIAL_PREFIX}{secrets.token_hex(8)}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, b"\0")
        finally:
            os.close(descriptor)
            probe.unlink(missing_ok=True)  # Who holds the folder removes files half written.
    except OSError as error:
        why = "no space is left" if error.errno == errno.ENOSPC else error.strerror
        raise OSError(f"Nothing can be written in {folder} ({why}). Name another place.") from error
