"""Files that are whole or absent: written beside their place, brought to the disk, then renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL_PREFIX = ".partial-"
_KEPT_OF_NAME = 40  # Characters: libraries choose a format by the ending, and names have a limit.


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Lend an empty file that takes the name `path` once the block has ended well.

    At any moment, after a kill too, `path` holds the old content or all of the new. If the block
    raises, the lent file is removed. A symbolic link at `path` is replaced and what it points to
    stays as it is.

    Args:
        path: The file to write, in a folder that exists.

    Yields:
        A new file in the same folder, with the ending of `path`, to be opened and written.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    partial = path.with_name(f"{PARTIAL_PREFIX}{secrets.token_hex(8)}-{path.name[-_KEPT_OF_NAME:]}")
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666))
    try:
        yield partial
        synchronize(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, its line ends as they are; whole or not at all (`atomic_write`)."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def synchronize(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: a power cut leaves them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_partial_files(folder: Path) -> None:
    """Remove what processes that were killed had begun to write in a folder that this one holds."""
    for leftover in folder.glob(f"{PARTIAL_PREFIX}*"):
        leftover.unlink(missing_ok=True)  # Its writer may have ended just now.
