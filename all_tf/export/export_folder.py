"""The folder of exported files: what each is called, what may be replaced, and export.json."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from all_tf.config import choices
from all_tf.runs.errors import RunError
from all_tf.runs.exported_files import EXPORT_FILE, digests
from all_tf.runs.fields import EXPORT
from all_tf.runs.strict_reading import read_object
from all_tf.system.checks import one_of
from tfrecords.packing.atomic import check_target, fresh_directory

EXPORT_FOLDER = "export"
_FILE_OF_FORMAT = {
    "keras": "model.keras",
    "savedmodel": "saved_model",
    "onnx": "model.onnx",
    "litert": "model.tflite",
}


class ExportTarget(NamedTuple):
    """What is exported to: a format, and how its numbers are stored."""

    format: str  # One of `choices.EXPORT_FORMATS`.
    quantize: str | None = None  # Of "litert", one of `choices.QUANTIZATIONS`.

    @property
    def file(self) -> str:
        """The name of the file, or of the folder of a SavedModel."""
        stem, _, suffix = _FILE_OF_FORMAT[self.format].partition(".")
        return (
            f"{stem}-{self.quantize}.{suffix}" if self.quantize else f"{stem}.{suffix}".strip(".")
        )

    def check(self) -> None:
        """Raise ConfigError unless there is such a format, and such numbers in it."""
        one_of("format", self.format, choices.EXPORT_FORMATS)
        if self.quantize is not None:
            one_of("quantize", self.quantize, choices.QUANTIZATIONS)
            one_of("format with --quantize", self.format, ("litert",))


def require_free(out: Path, target: ExportTarget, *, overwrite: bool) -> None:
    """Raise unless a file may be exported to a folder; the disk is not changed.

    Raises:
        FileExistsError: It is there, or the folder holds something other than exported files.
        OSError: The folder cannot be written.
    """
    check_target(out, overwrite=True, marker=EXPORT_FILE)
    if (out / target.file).exists() and not overwrite:
        raise FileExistsError(
            f"{out / target.file} exists already. Pass --overwrite to replace it, or name another "
            "--out."
        )


@contextmanager
def added_to(
    out: Path, target: ExportTarget, *, runs: list[dict], overwrite: bool
) -> Iterator[tuple]:
    """Yield a new folder that takes the place of `out` once the block has ended well.

    It holds the files that `out` has in other formats, so that formats can be added one by one.
    Whatever ends the block early, `out` stays as it was and nothing is left beside it.

    Args:
        out: The folder; those above it are made where they are missing.
        target: What the block writes.
        runs: The runs, as export.json describes them.
        overwrite: Whether the file, and the files of other runs, may be replaced.

    Yields:
        The new folder, and what export.json said of the files in it.

    Raises:
        FileExistsError: The file is there, or files of other runs are.
        RunError: A file that would be kept is not the one that was exported.
    """
    require_free(out, target, overwrite=overwrite)
    with fresh_directory(out, overwrite=True, marker=EXPORT_FILE) as partial:
        try:
            for leftover in partial.iterdir():  # Of a process that was killed.
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            yield partial, _keep_others(out, partial, target, runs=runs, overwrite=overwrite)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _keep_others(
    out: Path, partial: Path, target: ExportTarget, *, runs: list[dict], overwrite: bool
) -> dict[str, dict]:
    """Copy the files of other formats; return what export.json says of them, by file."""
    if not (out / EXPORT_FILE).is_file():
        return {}
    there = read_object(out / EXPORT_FILE, EXPORT, needed=EXPORT)
    if there["runs"] != runs:
        if overwrite:
            return {}
        raise FileExistsError(
            f"{out} holds files of another run, or of this one before it was changed. Pass "
            "--overwrite to replace all of them, or name another --out."
        )
    kept = {name: about for name, about in there["files"].items() if name != target.file}
    for name, about in kept.items():
        if name not in _possible_files() or digests(out / name) != about.get("sha256"):
            raise RunError(
                f"{out / name} is not the file that was exported (SHA-256). Export it again with "
                "--overwrite, or name another --out."
            )
        copy = shutil.copytree if (out / name).is_dir() else shutil.copy2
        copy(out / name, partial / name)
    return kept


def _possible_files() -> set[str]:
    plain = {ExportTarget(each).file for each in choices.EXPORT_FORMATS}
    return plain | {ExportTarget("litert", each).file for each in choices.QUANTIZATIONS}
