"""A folder that is one process's at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path, *, refusal: Exception) -> Iterator[int]:
    """Hold a lock that the kernel takes away once this process and its heirs are gone.

    Args:
        folder: Exists.
        refusal: Raised where another process holds the lock.

    Yields:
        The open file; a child that inherits it holds the lock too.
    """
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refusal from error
        yield file.fileno()
