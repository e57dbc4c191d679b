"""A lock on a folder: one process at a time works in it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path, *, refusal: Exception) -> Iterator[int]:
    """Hold a file lock; the kernel releases it when this process and its children have ended.

    Args:
        folder: An existing folder.
        refusal: The exception to raise if another process holds the lock.

    Yields:
        The file descriptor; a child that inherits it holds the lock too.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW  # A link there would name somebody's file.
    with os.fdopen(os.open(folder / LOCK_FILE, flags, 0o666), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refusal from error
        yield file.fileno()
