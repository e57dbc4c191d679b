"""Replaces the files of a result together: none is in its place before all are complete."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from all_tf.runs.checksums import SUMS_FILE, write_checksums
from all_tf.system.locks import lock_of, waiting_lock
from tfrecords.store.files import PARTIAL_PREFIX, synchronize

_PARTIAL = f"{PARTIAL_PREFIX}result"


@contextmanager
def replaced_files(folder: Path) -> Iterator[Path]:
    """Yield an empty folder whose files replace those of `folder` at the end, with new checksums.

    They are on the disk before the first one is moved: a full disk, an error and an interruption
    leave the former result. A kill within the moves, a fraction of a millisecond, leaves files that
    do not fit `SHA256SUMS`, which no reader accepts. Other files in `folder` stay, and get a line
    in `SHA256SUMS`, too.

    Args:
        folder: Of the result; made if it is missing. A process that fills it is waited for.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with waiting_lock(folder, name=lock_of("result")):
        partial = folder / _PARTIAL
        shutil.rmtree(partial, ignore_errors=True)  # Of a process that was killed.
        partial.mkdir()
        try:
            yield partial
            write_checksums(folder, replaced_by=partial)
            for path in [*partial.iterdir(), partial]:
                synchronize(path)
            files = sorted(partial.iterdir(), key=lambda path: (path.name == SUMS_FILE, path.name))
            for path in files:
                path.replace(folder / path.name)
            synchronize(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
