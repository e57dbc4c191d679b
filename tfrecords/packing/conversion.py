"""Converts images to a records directory, complete or not at all, and reports on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfrecords.packing.atomic import fresh_directory
from tfrecords.packing.contradictions import ContradictionError
from tfrecords.packing.encode_cache import thread_pool
from tfrecords.packing.folding import check_folds
from tfrecords.packing.held_out import HeldOutError
from tfrecords.packing.near_duplicate_scan import read_suspects
from tfrecords.packing.patient_groups import FoldError
from tfrecords.packing.summary import describe_packed
from tfrecords.packing.unchanged import SourceChangedError
from tfrecords.packing.writer import Settings, write_records
from tfrecords.progress import Progress
from tfrecords.sources.cnmc import SourceImage
from tfrecords.sources.find import CNMC, Origin
from tfrecords.sources.published import Comparison, compare_with_published, write_comparison
from tfrecords.sources.published import describe_comparison as summarize_comparison
from tfrecords.store.identity import PUBLISHED_FILE, read_identity
from tfrecords.store.manifest import MANIFEST_FILE, digest_file

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
        settings: How the records are written. `layout`, `patient_per_image`, `skipped`, `name`
            and `folder` are taken from `origin` instead.
        progress: Wraps the images as they are packed.

    Returns:
        The report, a text of many lines.

    Raises:
        FileExistsError, BusyError: The target may not be written.
        PublishedError: A file is not as published, and `target.require_published` is set.
        BitmapError, OSError: `write_records` raises it.
        ContradictionError, FoldError, HeldOutError, SourceChangedError: Likewise; what is encoded
            by then is kept for the next call.
    """
    check_folds(origin.images, settings.folds, hold_out=settings.hold_out)
    if target.require_published and origin.layout == CNMC:
        _compare(_digest_images(origin.images), required=True)  # Before the work.
    with fresh_directory(
        target.directory,
        overwrite=target.overwrite,
        marker=MANIFEST_FILE,
        keep_after=(ContradictionError, FoldError, HeldOutError, SourceChangedError),
    ) as directory:
        recorded = replace(
            settings,
            layout=origin.layout,
            patient_per_image=origin.patient_per_image,
            skipped=origin.skipped,
            name=origin.name,
            folder=origin.folder,
        )
        packed = write_records(origin.images, directory, recorded, progress=progress)
        report = describe_packed(packed, read_suspects(directory))
        if origin.layout == CNMC:
            digest_of_name = {row.name: row.file_sha256 for row in packed.rows}
            comparison, published = _compare(digest_of_name, required=target.require_published)
            write_comparison(directory / PUBLISHED_FILE, comparison)
            report = f"{published}\n\n{report}"
        name, sha256, _ = read_identity(directory)
    return f"{report}\n\nName of the records: {name} ({sha256[:12]})"


def _digest_images(images: Sequence[SourceImage]) -> dict[str, str]:
    with thread_pool(None) as pool:
        digests = pool.map(digest_file, [image.path for image in images])
        return {image.name: digest for image, digest in zip(images, digests, strict=True)}


def _compare(digest_of_name: Mapping[str, str], *, required: bool) -> tuple[Comparison, str]:
    comparison = compare_with_published(digest_of_name)
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
    return comparison, text
