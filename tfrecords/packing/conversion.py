"""Converts images to a records directory, complete or not at all, and reports on it."""

from dataclasses import dataclass, replace
from pathlib import Path

from tfrecords.packing.atomic import fresh_directory
from tfrecords.packing.near_duplicate_scan import read_suspects
from tfrecords.packing.summary import describe_packed
from tfrecords.packing.writer import Packed, Settings, write_records
from tfrecords.progress import Progress
from tfrecords.sources.find import CNMC, Origin
from tfrecords.sources.published import compare_with_published, write_comparison
from tfrecords.sources.published import describe_comparison as summarize_comparison
from tfrecords.store.manifest import MANIFEST_FILE

COMPARISON_FILE = "published.csv"
_SHOWN = 40  # Files listed in one message; the others are only counted.


class PublishedError(ValueError):
    """The images differ from the published ones, and `Target.require_published` is set."""


@dataclass(frozen=True)
class Target:
    """The directory to write, and the conditions for it."""

    directory: Path
    overwrite: bool = False  # Whether existing records may be replaced.
    require_published: bool = False  # Whether every file has to be as published.


def convert(origin: Origin, target: Target, settings: Settings, *, progress: Progress) -> str:
    """Pack images and report on them.

    Args:
        origin: The images and their origin, from `find_origin`.
        target: The directory to write.
        settings: How the records are written. `layout`, `patient_per_image` and `skipped` are
            taken from `origin` instead.
        progress: Wraps the images as they are packed.

    Returns:
        The report, a text of many lines.

    Raises:
        FileExistsError, BusyError: The target may not be written.
        PublishedError: A file is not as published, and `target.require_published` is set.
        BitmapError, FoldError, OSError: `write_records` raises it.
    """
    with fresh_directory(
        target.directory, overwrite=target.overwrite, marker=MANIFEST_FILE
    ) as directory:
        recorded = replace(
            settings,
            layout=origin.layout,
            patient_per_image=origin.patient_per_image,
            skipped=origin.skipped,
        )
        packed = write_records(origin.images, directory, recorded, progress=progress)
        report = describe_packed(packed, read_suspects(directory))
        if origin.layout == CNMC:
            published = _compare(directory, packed, required=target.require_published)
            report = f"{published}\n\n{report}"
    return report


def _compare(directory: Path, packed: Packed, *, required: bool) -> str:
    comparison = compare_with_published({row.name: row.file_sha256 for row in packed.rows})
    write_comparison(directory / COMPARISON_FILE, comparison)
    text = summarize_comparison(comparison)
    if required and (comparison.changed or comparison.missing or comparison.unknown):
        bad = [
            f"{name}: {status}"
            for status in ("changed", "unknown", "missing")
            for name in getattr(comparison, status)
        ]
        rest = [f"and {len(bad) - _SHOWN:,} more"] if len(bad) > _SHOWN else []
        headline = f"Not the published data set, and --require-published was given. {text}"
        raise PublishedError("\n  ".join([headline, *bad[:_SHOWN], *rest]))
    return text
