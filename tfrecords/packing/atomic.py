"""A directory that is whole or absent: written aside under a lock, then renamed."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BusyError(BlockingIOError):
    """Another process is writing the same directory."""


@contextmanager
def fresh_directory(target: Path, *, overwrite: bool, marker: str) -> Iterator[Path]:
    """Lend a directory that takes the name `target` once the block has ended well.

    If the block raises an `Exception`, the directory goes and whatever was at `target` stays. If
    the process is killed or interrupted, it stays for the next call, which lends it again with what
    is in it: the block may go on where it was. At no moment does `target` hold a part of the new.

    Args:
        target: The directory to make; its parents are made too.
        overwrite: Whether a directory already there may be replaced.
        marker: A file that such a directory must hold to be replaced, so that a slip of the
            keyboard deletes nobody's home.

    Raises:
        FileExistsError: There is something at `target` that may not be replaced.
        BusyError: Another process has the same target under way.
    """
    _refuse_to_replace(target, overwrite=overwrite, marker=marker)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")  # On the file system of the target.
    old = target.with_name(f".{target.name}.old")
    with _locked(target.with_name(f".{target.name}.lock"), target):
        _finish_exchange(target, old)
        partial.mkdir(exist_ok=True)
        try:
            yield partial
        except Exception:  # Raised again; not BaseException: an interrupted work is to go on.
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _synchronize(partial)
        _refuse_to_replace(target, overwrite=overwrite, marker=marker)
        if target.exists():
            target.rename(old)
        partial.rename(target)
        _synchronize_one(target.parent)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(path: Path, target: Path) -> Iterator[None]:
    """Hold a lock that the kernel takes away from a process that dies."""
    busy = f"{target} is being written by another process. Wait for it, or name another folder."
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(busy) from error
        # Whoever held the lock before may have removed this file, and a third have made another.
        if not path.exists() or path.stat().st_ino != os.fstat(file.fileno()).st_ino:
            raise BusyError(busy)
        try:
            yield
        finally:
            path.unlink()


def _finish_exchange(target: Path, old: Path) -> None:
    """Put right what a kill between two renames has left."""
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _synchronize(directory: Path) -> None:
    """Have every file on the disk before the name is: a power cut must not part them."""
    for path in [*directory.rglob("*"), directory]:
        _synchronize_one(path)


def _synchronize_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_to_replace(target: Path, *, overwrite: bool, marker: str) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not overwrite:
        raise FileExistsError(
            f"{target} exists already. Pass --overwrite to replace it, or name another folder."
        )
    if not (target / marker).is_file():
        raise FileExistsError(
            f"{target} holds no {marker}, so it is not ours to replace. "
            "Remove it yourself, or name another folder."
        )
