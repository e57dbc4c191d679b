"""Writes the report of a conversion: images and patients by split, class, fold, and leakage."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from PIL import Image

from tfrecords.class_names import ClassNames
from tfrecords.codec.png import encode_png
from tfrecords.packing.folding import Packed
from tfrecords.packing.near_duplicates import CROWD, MAX_PAIRS, Suspect
from tfrecords.schema import IMAGE_SIDE, SPLITS, UNLABELLED
from tfrecords.store.index import IndexRow
from tfrecords.store.leakage import OFFICIAL, prove

_SHOWN = 10  # Images named in one line.
_NARROWEST = 8  # Characters of a column of counts.


def describe_packed(packed: Packed, suspects: Sequence[Suspect] | None) -> str:
    """Report the counts by split and fold, the patients, the joined groups, and leakage.

    Args:
        packed: The packed images and their folds.
        suspects: The pairs that look the same; None if no scan was made.
    """
    rows = packed.rows
    patients = {row.patient for row in rows} - {""}
    duplicates = sum(bool(row.duplicate_of) for row in rows)
    return "\n".join(
        [
            f"{len(rows):,} images of {len(patients)} patient ids; {duplicates} of them are "
            "duplicates of another, flagged and left out of training.",
            "",
            *_table(packed),
            "",
            *_patients(packed),
            *_leaks(packed),
            _look_alikes(packed, suspects),
            *_bounds(suspects or ()),
            *_doubtful_labels(packed.rows, suspects or ()),
            *_left_out(packed),
            *_black(packed),
        ]
    )


def _table(packed: Packed) -> list[str]:
    negative, positive = packed.classes
    head = "".join(f"{name:>{_width(name)}}" for name in (positive, negative))
    lines = [f"{'':16}{head}{'unlabelled':>12}   patient ids ({positive} + {negative})"]
    for split in SPLITS:
        members = [row for row in packed.rows if row.split == split]
        lines += _row(split, members, packed.classes)
    for fold in sorted(set(packed.fold_of_name.values())):
        lines += _row(f"  fold {fold}", _of_fold(packed, fold), packed.classes)
    return lines


def _width(name: str) -> int:
    return max(_NARROWEST, len(name) + 2)


def _patients(packed: Packed) -> list[str]:
    folds = sorted(set(packed.fold_of_name.values()))
    if not folds:  # All are held out.
        return []
    lines = ["Images of each patient, by fold:"]
    for fold in folds:
        for label in (1, 0):
            members = [row for row in _of_fold(packed, fold) if row.label == label]
            lines.append(f"  fold {fold} {packed.classes[label]}: {_by_patient(members)}")
    return [*lines, ""]


def _leaks(packed: Packed) -> list[str]:
    """List the joined groups, and the groups that two sets share."""
    joined = _joined_groups(packed.rows)
    lines = [
        f"Joined because they share an image, and so are one person: {', '.join(joined) or 'none'}"
    ]
    lines += _duplicates(packed.rows)
    for entry in prove(packed.members, folds=packed.folds)["shared"]:
        one, other = entry["sets"]
        lines.append(f"WARNING: {one} and {other} share {', '.join(entry['groups'])}")
    if packed.folds == OFFICIAL:
        crossing = _crossing(packed.rows)
        lines.append(
            f"WARNING: {crossing} pairs of identical images lie in two of the published folds; "
            "metrics of runs on them carry the caveat: leaky folds"
        )
    return lines


def _joined_groups(rows: Sequence[IndexRow]) -> list[str]:
    """List the groups with more than one patient id."""
    patients_of_group: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        patients_of_group[row.group] |= {row.patient} - {""}
    return sorted(group for group, patients in patients_of_group.items() if len(patients) > 1)


def _duplicates(rows: Sequence[IndexRow]) -> list[str]:
    """Count the identical images of every two patients, or of one patient."""
    first = {row.name: row for row in rows}
    pairs = Counter(
        tuple(sorted([_owner(row), _owner(first[row.duplicate_of])]))
        for row in rows
        if row.duplicate_of
    )
    counts = ", ".join(f"{one} = {other} ({count})" for (one, other), count in pairs.most_common())
    return [f"Identical images, by patients (duplicates.csv has each): {counts}"] if pairs else []


def _doubtful_labels(rows: Sequence[IndexRow], suspects: Sequence[Suspect]) -> list[str]:
    """Warn of images that look the same and lie under both classes."""
    label_of_name = {row.name: row.label for row in rows}
    pairs = [
        f"{pair.name_a} = {pair.name_b}"
        for pair in suspects
        if {label_of_name[pair.name_a], label_of_name[pair.name_b]} == {0, 1}
    ]
    return [f"WARNING: look the same under both classes: {_some(pairs)}"] if pairs else []


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest


def _left_out(packed: Packed) -> list[str]:
    if not packed.left_out:
        return []
    headline = f"WARNING: {len(packed.left_out)} images were left out, as the manifest lists:"
    return [headline, *(f"  {line}" for line in packed.left_out)]


def _black(packed: Packed) -> list[str]:
    """Warn of images without any cell, as a segmentation that failed leaves them."""
    black = encode_png(Image.new("RGB", (IMAGE_SIDE, IMAGE_SIDE)))
    digest = hashlib.sha256(black).hexdigest()
    names = [row.name for row in packed.rows if row.png_sha256 == digest]
    return [f"WARNING: black images, which show no cell: {_some(names)}"] if names else []


def _owner(row: IndexRow) -> str:
    return row.patient or row.split


def _look_alikes(packed: Packed, suspects: Sequence[Suspect] | None) -> str:
    if suspects is None:
        return "Near-duplicates: no scan was made."
    split_of_name = {row.name: row.split for row in packed.rows}

    def place(name: str) -> str | int:
        return packed.fold_of_name.get(name, split_of_name[name])

    crossing = sum(place(pair.name_a) != place(pair.name_b) for pair in suspects)
    group_of_name = {row.name: row.group for row in packed.rows}
    strangers = sum(group_of_name[pair.name_a] != group_of_name[pair.name_b] for pair in suspects)
    return (
        f"Near-duplicates: {len(suspects)} pairs look the same but differ in pixels, "
        f"{strangers} of them in two groups of patients, {crossing} in two folds or splits "
        "(suspects.csv)"
    )


def _bounds(suspects: Sequence[Suspect]) -> list[str]:
    """Warn where the list of near-duplicates does not hold every pair."""
    lines = []
    if len(suspects) >= MAX_PAIRS:
        lines += [f"WARNING: suspects.csv ends at {MAX_PAIRS:,} pairs; there may be more"]
    num_alike = Counter(pair.name_a for pair in suspects)
    crowds = [f"{name} ({count:,})" for name, count in num_alike.most_common() if count >= CROWD]
    if crowds:
        lines += [
            f"WARNING: look the same as {CROWD:,} others or more, which suspects.csv may list with "
            f"this image only, as images without a cell do: {_some(crowds)}"
        ]
    return lines


def _crossing(rows: Sequence[IndexRow]) -> int:
    """Count the pairs of identical training images that lie in two published folds."""
    first = {row.name: row for row in rows}
    return sum(
        row.split == "train" and row.official_fold != first[row.duplicate_of].official_fold
        for row in rows
        if row.duplicate_of
    )


def _of_fold(packed: Packed, fold: int) -> list[IndexRow]:
    return [row for row in packed.rows if packed.fold_of_name.get(row.name) == fold]


def _row(title: str, members: Sequence[IndexRow], classes: ClassNames) -> list[str]:
    if not members:
        return []
    images = Counter(member.label for member in members)
    people = Counter(label for patient, label in {(m.patient, m.label) for m in members} if patient)
    counts = "".join(f"{images[label]:>{_width(classes[label])},}" for label in (1, 0))
    return [f"{title:16}{counts}{images[UNLABELLED]:>12,}   {people[1]} + {people[0]}"]


def _by_patient(members: Iterable[IndexRow]) -> str:
    counts = Counter(member.patient for member in members)
    return ", ".join(f"{patient} ({count})" for patient, count in counts.most_common())
