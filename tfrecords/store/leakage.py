"""leakage.json, the proof that no patient lies on both sides of a split, and its checking."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

LEAKAGE_FILE = "leakage.json"
GROUPED, OFFICIAL = "grouped", "official"  # How the folds were made.


class LeakageError(ValueError):
    """The records are not those that the proof was made for, or there is no proof."""


class Member(NamedTuple):
    """What the proof looks at in one image."""

    split: str
    fold: int  # -1 outside the training split.
    patient: str  # Empty where unpublished.
    group: str


def prove(members: Iterable[Member], *, folds: str) -> dict:
    """Patients and groups of every set, and which of them two sets share.

    Args:
        members: One an image.
        folds: `GROUPED` or `OFFICIAL`.

    Returns:
        `folds`; `sets`, by name ("train fold 0", "validation", "test"), with counts and the SHA-256
        of the sorted patients and groups, one a line; and `shared`, one entry for each two sets
        that share a group: their names, the patients and the groups. Where it is empty nothing
        leaks.
    """
    patients, groups, counts = {}, {}, {}
    for member in members:
        name = _set_name(member)
        counts[name] = counts.get(name, 0) + 1
        patients.setdefault(name, set()).update({member.patient} - {""})
        groups.setdefault(name, set()).add(member.group)
    sets = {
        name: {
            "num_images": counts[name],
            "num_patients": len(patients[name]),
            "num_groups": len(groups[name]),
            "patients_sha256": _digest(patients[name]),
            "groups_sha256": _digest(groups[name]),
        }
        for name in sorted(counts)
    }
    shared = [
        {
            "sets": [one, other],
            "patients": sorted(patients[one] & patients[other]),
            "groups": sorted(groups[one] & groups[other]),
        }
        for one, other in combinations(sorted(counts), 2)
        if groups[one] & groups[other]
    ]
    return {"folds": folds, "sets": sets, "shared": shared}


def write_proof(directory: Path, proof: dict) -> None:
    """Write leakage.json whole or not at all."""
    partial = directory / f".{LEAKAGE_FILE}"
    partial.write_text(json.dumps(proof, indent=2) + "\n", encoding="utf-8")
    partial.replace(directory / LEAKAGE_FILE)


def read_proof(directory: Path) -> dict:
    """The proof of a records directory, as `prove` made it.

    Raises:
        LeakageError: There is none.
    """
    path = directory / LEAKAGE_FILE
    if not path.is_file():
        raise LeakageError(
            f"{directory} has no {LEAKAGE_FILE}: nothing shows that its folds do not leak. "
            f"Make them again: python scripts/make_tfrecords.py --refold 5 --records {directory}"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def check_proof(directory: Path, members: Iterable[Member]) -> str:
    """Hold the images that were read against the proof.

    Args:
        directory: The records directory.
        members: All images of one split or of several.

    Returns:
        How the folds were made, `GROUPED` or `OFFICIAL`.

    Raises:
        LeakageError: A set's images, patients or groups are not those of the proof, or grouped
            folds share a group.
    """
    proof = read_proof(directory)
    found = prove(members, folds=proof["folds"])
    wrong = [name for name, entry in found["sets"].items() if proof["sets"].get(name) != entry]
    if wrong:
        raise LeakageError(
            f"{', '.join(wrong)} in {directory}: not the patients that {LEAKAGE_FILE} lists. "
            f"Make the folds again: make_tfrecords.py --refold 5 --records {directory}"
        )
    between_folds = [entry for entry in found["shared"] if _only_folds(entry)]
    if between_folds and proof["folds"] == GROUPED:
        raise LeakageError(
            f"{' and '.join(between_folds[0]['sets'])} in {directory} share patients."
        )
    return proof["folds"]


def _only_folds(entry: Mapping) -> bool:
    return all(name.startswith("train fold") for name in entry["sets"])


def _set_name(member: Member) -> str:
    return member.split if member.fold < 0 else f"{member.split} fold {member.fold}"


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{word}\n" for word in sorted(words)).encode()).hexdigest()
