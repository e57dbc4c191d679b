"""Locks in a folder: one process at a time works in it, or on one thing in it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path, *, refusal: Exception, name: str = LOCK_FILE) -> Iterator[int]:
    """Hold a file lock; the kernel releases it when this process and its children have ended.

    Args:
        folder: An existing folder.
        refusal: The exception to raise if another process holds the lock.
        name: Of the file in it; a lock on one thing in the folder is `lock_of(thing)`.

    Yields:
        The file descriptor; a child that inherits it holds the lock too.
    """
    with _lock_file(folder / name) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refusal from error
        yield file.fileno()


@contextmanager
def waiting_lock(folder: Path, *, name: str) -> Iterator[None]:
    """Hold a file lock for a moment's work; wait while another process holds it.

    Args:
        folder: An existing folder.
        name: Of the file in it.
    """
    with _lock_file(folder / name) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def lock_of(thing: str) -> str:
    """The name of the lock file of one thing in a folder, as of a row of a study."""
    return f"{LOCK_FILE}-{thing}"


def _lock_file(path: Path) -> IO[str]:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW  # A link there would name somebody's file.
    return os.fdopen(os.open(path, flags, 0o666), "r+")
