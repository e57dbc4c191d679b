"""What was packed, in words: images and patients by split, class and fold."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tfrecords.schema import CLASSES, SPLITS
from tfrecords.writer import Packed

_CLASS_ORDER = ("all", "hem")


def summarize(packed: Sequence[Packed]) -> str:
    """A report of several lines: a table by split and by fold, the patients, the joined groups."""
    patients = {image.source.patient for image in packed} - {""}
    duplicates = sum(bool(image.duplicate_of) for image in packed)
    lines = [
        f"Packed {len(packed):,} images of {len(patients)} patient ids; {duplicates} of them are "
        "duplicates of another, flagged and left out of training.",
        "",
        f"{'':16}{'ALL':>8}{'HEM':>8}{'unlabelled':>12}   patient ids (ALL + HEM)",
    ]
    for split in SPLITS:
        lines += _row(split, [image for image in packed if image.source.phase == split])
    for fold in sorted({image.fold for image in packed} - {-1}):
        lines += _row(f"  fold {fold}", [image for image in packed if image.fold == fold])
    lines += ["", "Images of each patient, by fold:"]
    for fold in sorted({image.fold for image in packed} - {-1}):
        for name in _CLASS_ORDER:
            members = [image for image in packed if image.fold == fold and _class(image) == name]
            lines.append(f"  fold {fold} {name.upper()}: {_by_patient(members)}")
    joined = sorted({image.group for image in packed if "+" in image.group})
    if joined:
        lines += ["", f"Joined, for they share an image and so are one person: {', '.join(joined)}"]
    return "\n".join(lines)


def _class(image: Packed) -> str:
    return CLASSES[image.source.label] if image.source.label >= 0 else "unlabelled"


def _row(title: str, members: Sequence[Packed]) -> list[str]:
    if not members:
        return []
    images = Counter(map(_class, members))
    people = Counter(
        name for patient, name in {(m.source.patient, _class(m)) for m in members} if patient
    )
    counts = f"{images['all']:>8,}{images['hem']:>8,}{images['unlabelled']:>12,}"
    return [f"{title:16}{counts}   {people['all']} + {people['hem']}"]


def _by_patient(members: Iterable[Packed]) -> str:
    counts = Counter(member.source.patient for member in members)
    return ", ".join(f"{patient} ({count})" for patient, count in counts.most_common())
