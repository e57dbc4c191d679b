"""Replaces several small files together: after a kill all of them are old, or all are new."""

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from tfrecords.store.files import synchronize, write_text

_PREPARED, _READY = ".exchange.partial", ".exchange"


def replace_together(directory: Path, text_of_file: Mapping[str, str]) -> None:
    """Write UTF-8 files that belong together. One process at a time may do it in a directory.

    The new files are written to a folder, and the renaming of this folder to `.exchange` decides:
    a kill before it leaves the old files, and after it `finish_exchange` brings the new ones to
    their places.

    Args:
        directory: The directory of the files.
        text_of_file: From file name to content.

    Raises:
        OSError: The disk is full, or the directory cannot be written.
    """
    finish_exchange(directory)
    prepared = directory / _PREPARED
    shutil.rmtree(prepared, ignore_errors=True)  # Of a writer that was killed.
    prepared.mkdir()
    try:
        for name, text in text_of_file.items():
            write_text(prepared / name, text)
        synchronize(prepared)
        prepared.rename(directory / _READY)
    except BaseException:
        shutil.rmtree(prepared, ignore_errors=True)
        raise
    synchronize(directory)
    finish_exchange(directory)


def finish_exchange(directory: Path) -> None:
    """Bring the files of an exchange that a kill has interrupted to their places.

    Readers call it before they read. Several processes may do it at the same time, also while one
    writes.

    Raises:
        OSError: The directory cannot be written.
    """
    ready = directory / _READY
    if ready.is_symlink() or not ready.is_dir():  # A link would lead to somebody's files.
        return
    try:
        paths = sorted(ready.iterdir())
    except FileNotFoundError:  # Another process has finished it.
        return
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # Another process has renamed it.
            path.replace(directory / path.name)
    synchronize(directory)
    # Only if it is empty: after another process has finished, it may be that of the next writer.
    with contextlib.suppress(OSError):
        ready.rmdir()
