"""Finds the images of a folder in any layout, and what the manifest says about their origin."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfrecords.names import legible
from tfrecords.records_name import check_records_name, name_of_folder
from tfrecords.sources.cnmc import SourceImage, count_found, survey
from tfrecords.sources.folders import find_folder_images
from tfrecords.sources.published import published_counts

CNMC, FOLDERS = "cnmc", "folders"  # C-NMC 2019, or cells of another laboratory.


@dataclass(frozen=True)
class Origin:
    """Images to pack, and the facts about their origin."""

    images: Sequence[SourceImage]
    layout: str
    patient_per_image: bool  # Whether each image without a patient counts as a patient.
    skipped: tuple[str, ...] = ()  # Unreadable files that were left out, each with the reason.
    num_passed_over: int = 0  # Further copies of an image, equal in every byte; left out.
    name: str = ""  # Of the records, as asked for; empty for a default.
    folder: str = "records"  # The name of the folder of the images, made a name of records.


def find_origin(
    source: Path,
    *,
    layout: str = CNMC,
    max_skips: int = 0,
    patient_per_image: bool = False,
    positive: str | None = None,
    name: str = "",
) -> Origin:
    """Find the images of C-NMC, or of another laboratory.

    Args:
        source: The folder or table that `survey` or `find_folder_images` reads.
        layout: `CNMC` or `FOLDERS`.
        max_skips: The number of unreadable bitmaps of C-NMC that may be left out.
        patient_per_image: Whether images without a patient are accepted; only for `FOLDERS`.
        positive: The name of the positive class; only for `FOLDERS`.
        name: Of the records; empty for a default.

    Raises:
        ValueError: `name` is none (`check_records_name`).
        FileNotFoundError, SourceError: `survey` or `find_folder_images` raises it.
    """
    name = check_records_name(name) if name else ""
    folder = (source.parent if source.is_file() else source).resolve().name
    folder = name_of_folder(folder)
    if layout == FOLDERS:
        images = find_folder_images(source, patient_per_image=patient_per_image, positive=positive)
        lone = any(image.lone for image in images)
        return Origin(images, layout, patient_per_image=lone, name=name, folder=folder)
    found = survey(source, max_skips=max_skips)
    skipped = tuple(legible(f"{refused.path}: {refused.reason}") for refused in found.refused)
    return Origin(
        found.images,
        layout,
        False,
        skipped,
        found.num_passed_over,
        name=name,
        folder=folder,
    )


def describe_origin(origin: Origin) -> str:
    """Describe what was found, one line for each phase, published fold and class.

    For C-NMC the published counts stand beside the counts that were found.
    """
    header = f"{'found':12}{'fold':>5}{'class':>12}{'images':>9}{'patients':>10}"
    lines = [header + (f"{'published':>11}" if origin.layout == CNMC else "")]
    counts = count_found(origin.images)
    published = published_counts() if origin.layout == CNMC else {}
    for row in counts:
        fold = str(row.fold) if row.fold >= 0 else ""
        line = f"{row.phase:12}{fold:>5}{row.class_name:>12}{row.num_images:>9,}"
        expected = published.get((row.phase, row.class_name, row.fold))
        beside = f"{expected:>11,}" if expected else ""
        lines.append(f"{line}{row.num_patients:>10,}{beside}")
    if published:
        found = {(row.phase, row.class_name, row.fold): row.num_images for row in counts}
        lines += _missing(found)
    if origin.skipped:
        lines += ["Skipped, and listed in the manifest:", *(f"  {line}" for line in origin.skipped)]
    if origin.num_passed_over:
        lines.append(f"{origin.num_passed_over} further copies of the same files were left out.")
    if origin.patient_per_image:
        lines.append("WARNING: images without a patient count as one patient each.")
    return "\n".join(lines)


def _missing(found: dict[tuple[str, str, int], int]) -> list[str]:
    """Write one line for each published phase, class and fold with missing images."""
    lines = []
    for (phase, class_name, fold), expected in published_counts().items():
        here = sum(
            count
            for (a_phase, a_class, a_fold), count in found.items()
            if a_phase == phase and a_fold == fold and class_name in ("", a_class)
        )
        if here < expected:
            where = " ".join(filter(None, [phase, class_name, f"fold {fold}" if fold >= 0 else ""]))
            lines.append(
                f"missing: {expected - here:,} of {expected:,} published images of {where}"
            )
    return lines
