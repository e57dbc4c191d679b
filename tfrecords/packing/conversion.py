"""From a folder of images to a records directory, whole or not at all, with a report of it."""

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
_SHOWN = 40  # Files spelled out in one message; the rest are counted.


class PublishedError(ValueError):
    """The images are not, file by file, the published ones, though that was asked for."""


@dataclass(frozen=True)
class Target:
    """Where records go, and what may stand in the way."""

    directory: Path
    overwrite: bool = False
    require_published: bool = False


def convert(origin: Origin, target: Target, settings: Settings, *, progress: Progress) -> str:
    """Pack images and report on them.

    Args:
        origin: The images, as `find_origin` gives them.
        target: Where the records go.
        settings: How they are written.
        progress: Wraps the images as they are done.

    Returns:
        The report, of many lines.

    Raises:
        FileExistsError, BusyError: The target may not be written.
        PublishedError: A file is not as published, and `target.require_published`.
        BitmapError, FoldError, OSError: As `write_records` says.
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
