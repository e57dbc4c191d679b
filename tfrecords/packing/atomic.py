"""Writes a directory that is complete or absent: in another place under a lock, then renamed."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfrecords.store.files import synchronize


class BusyError(BlockingIOError):
    """Another process is writing the same directory."""


@contextmanager
def fresh_directory(
    target: Path,
    *,
    overwrite: bool,
    marker: str,
    keep_after: tuple[type[Exception], ...] = (),
) -> Iterator[Path]:
    """Yield a directory that is renamed to `target` when the block ends without an error.

    If the block raises an `Exception`, the directory is deleted and `target` is not changed. If the
    process is killed or interrupted, the directory stays, and the next call yields it again with
    its content, so that the block may resume. `target` never holds a part of the new content. If
    `target` is a link, the directory that it leads to is replaced and the link stays.

    Args:
        target: The directory to create; its parents are created too.
        overwrite: Whether an existing directory may be replaced.
        marker: The name of a file that an existing directory must hold to be replaced. It protects
            other folders, a home directory for example, from a wrong argument.
        keep_after: The exceptions after which the directory stays, as after a kill: those that
            another argument avoids.

    Raises:
        FileExistsError: Something at `target` may not be replaced.
        BusyError: Another process is writing the same target.
    """
    check_target(target, overwrite=overwrite, marker=marker)
    target = Path(os.path.realpath(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")  # On the file system of the target.
    old = target.with_name(f".{target.name}.old")
    with writing_lock(target):
        if _finish_renaming(target, old):
            check_target(target, overwrite=overwrite, marker=marker)
        if partial.is_symlink():  # Nothing of ours; writing would go where it leads.
            partial.unlink()
        partial.mkdir(exist_ok=True)
        try:
            yield partial
        except keep_after:
            raise
        except Exception:  # Not BaseException: the next call resumes an interrupted block.
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _synchronize(partial)
        check_target(target, overwrite=overwrite, marker=marker)
        if target.exists():
            target.rename(old)
        partial.rename(target)
        synchronize(target.parent)
        shutil.rmtree(old, ignore_errors=True)


def check_target(target: Path, *, overwrite: bool, marker: str) -> None:
    """Check that a directory may be written, before the work for it; the disk is not changed.

    Raises:
        FileExistsError: Something at `target` may not be replaced.
        NotADirectoryError, PermissionError: The folder that would hold it cannot be written.
    """
    real = Path(os.path.realpath(target))
    if real.is_symlink():
        raise FileExistsError(f"{target} is a link in a circle. Name another folder.")
    holder = real.parent
    while not holder.exists():
        holder = holder.parent
    if not holder.is_dir():
        raise NotADirectoryError(f"{holder} is no folder, so {target} cannot be made.")
    if not os.access(holder, os.W_OK | os.X_OK):
        raise PermissionError(f"{holder} cannot be written, so {target} cannot be made.")
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


@contextmanager
def writing_lock(target: Path) -> Iterator[None]:
    """Hold the lock on writing a directory; its file lies beside the directory.

    The kernel releases the lock when the process ends, even if it is killed.

    Args:
        target: The directory, with links resolved; it need not exist.

    Raises:
        BusyError: Another process holds the lock.
        OSError: The folder that holds the directory cannot be written.
    """
    path = target.with_name(f".{target.name}.lock")
    busy = f"{target} is being written by another process. Wait for it, or name another folder."
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW  # A link there would name somebody's file.
    with os.fdopen(os.open(path, flags, 0o666), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(busy) from error
        # The process that held the lock may have removed this file, and a third made a new one.
        if not path.exists() or path.stat().st_ino != os.fstat(file.fileno()).st_ino:
            raise BusyError(busy)
        try:
            yield
        finally:
            path.unlink()


def _finish_renaming(target: Path, old: Path) -> bool:
    """Restore or remove the old directory that a kill between two renames has left.

    Returns:
        Whether `target` was restored.
    """
    restored = old.is_dir() and not old.is_symlink() and not target.exists()
    if restored:
        old.rename(target)
    if old.is_symlink():
        old.unlink()
    shutil.rmtree(old, ignore_errors=True)
    return restored


def _synchronize(directory: Path) -> None:
    """Bring every file to the disk before the rename, so that a power cut cannot separate them."""
    for path in [*directory.rglob("*"), directory]:
        synchronize(path)
