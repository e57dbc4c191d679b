"""Replaces the files of a result together: none is in its place before all are complete."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from all_tf.runs.checksums import SUMS_FILE, file_digests, list_checksums, read_checksums
from all_tf.runs.errors import RunError
from all_tf.runs.required_files import is_run
from all_tf.system.locks import lock_of, waiting_lock
from tfrecords.store.files import PARTIAL_PREFIX, synchronize

_PARTIAL = f"{PARTIAL_PREFIX}result"


@contextmanager
def replaced_files(folder: Path, *, dropped: Sequence[str] = ()) -> Iterator[Path]:
    """Yield an empty folder whose files replace those of `folder` at the end, with new checksums.

    They are on the disk before the first one is moved: a full disk, an error and an interruption
    leave the former result. A kill within the moves, a fraction of a millisecond, leaves files that
    do not fit `SHA256SUMS`, which no reader accepts. Other files in `folder` stay, with the line
    that they have in `SHA256SUMS`; the result of a run gives all of its files one.

    Args:
        folder: Of the result; made if it is missing. A process that fills it is waited for.
        dropped: Files that only some results have: removed if the new one has none.

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
            gone = set(dropped) - {path.name for path in partial.iterdir()}
            list_checksums(partial, _checksums(folder, partial, gone))
            for path in [*partial.iterdir(), partial]:
                synchronize(path)
            for path in sorted(partial.iterdir()):
                if path.name != SUMS_FILE:
                    path.replace(folder / path.name)
            for name in gone:
                (folder / name).unlink(missing_ok=True)
            (partial / SUMS_FILE).replace(folder / SUMS_FILE)
            synchronize(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _checksums(folder: Path, partial: Path, gone: set[str]) -> dict[str, str]:
    if is_run(folder):
        kept = file_digests(folder)
    else:
        try:
            kept = read_checksums(folder)
        except RunError:  # Damaged: what it listed is not vouched for.
            kept = {}
    return {name: each for name, each in kept.items() if name not in gone} | file_digests(partial)
