"""A directory that is whole or absent: written aside, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_directory(target: Path, *, overwrite: bool, marker: str) -> Iterator[Path]:
    """Lend a temporary directory that takes the name `target` once the block has ended well.

    If the block raises, the temporary directory goes and whatever was at `target` stays.

    Args:
        target: The directory to make; its parents are made too.
        overwrite: Whether a directory already there may be replaced.
        marker: A file that such a directory must hold to be replaced, so that a slip of the
            keyboard deletes nobody's home.

    Raises:
        FileExistsError: There is something at `target` that may not be replaced.
    """
    _refuse_to_replace(target, overwrite=overwrite, marker=marker)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target: a rename is atomic within one file system only.
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    partial.mkdir()
    try:
        yield partial
        _refuse_to_replace(target, overwrite=overwrite, marker=marker)
        if target.exists():
            old = target.with_name(f".{target.name}.old-{os.getpid()}")
            target.rename(old)
            partial.rename(target)
            shutil.rmtree(old)
        else:
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # Renamed away, unless something went wrong.


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
