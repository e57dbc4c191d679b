"""Composes and checks leakage.json, the proof that no patient is on both sides of a split."""

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

from tfrecords.store.exchange import finish_exchange
from tfrecords.store.strict_json import parse_json

LEAKAGE_FILE = "leakage.json"
GROUPED: Final = "grouped"  # The folds were made of whole patient groups.
OFFICIAL: Final = "official"  # The folds are the published ones.


class LeakageError(ValueError):
    """The records differ from those of the proof, or there is no proof."""


class Member(NamedTuple):
    """The facts about one image that the proof needs."""

    split: str
    fold: int  # -1 outside the training split.
    patient: str  # Empty where unpublished.
    group: str


def prove(members: Iterable[Member], *, folds: str) -> dict:
    """List the patients and groups of every set, and those that two sets share.

    Args:
        members: One entry for each image.
        folds: How the folds were made, `GROUPED` or `OFFICIAL`.

    Returns:
        A dict of `folds`, `sets` and `shared`. `sets` holds, by name ("train fold 0", "validation",
        "test"), the counts and the SHA-256 of the sorted patients and groups, one a line. `shared`
        holds one entry for every two sets that share a group: their names, the shared patients and
        the shared groups. If `shared` is empty, there is no leakage.
    """
    patients: dict[str, set[str]] = {}
    groups: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
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


def proof_text(proof: dict) -> str:
    """Make the content of leakage.json."""
    return json.dumps(proof, indent=2) + "\n"


def read_proof(directory: Path) -> dict:
    """Read the proof of a records directory, a result of `prove`.

    Raises:
        LeakageError: There is no proof, or it is damaged.
    """
    finish_exchange(directory)
    path = directory / LEAKAGE_FILE
    if not path.is_file():
        raise LeakageError(
            f"{directory} has no {LEAKAGE_FILE}: nothing shows that its folds do not leak. "
            f"{_make_again(directory)}"
        )
    try:
        proof = parse_json(path.read_bytes())
        whole = proof["folds"] in (GROUPED, OFFICIAL) and isinstance(proof["sets"], dict)
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise LeakageError(f"{path} is damaged. {_make_again(directory)}")
    return proof


def check_proof(directory: Path, members: Iterable[Member]) -> str:
    """Check that the images that were read agree with the proof.

    Args:
        directory: The records directory.
        members: All images of one or several splits.

    Returns:
        How the folds were made, `GROUPED` or `OFFICIAL`.

    Raises:
        LeakageError: The images, patients or groups of a set differ from the proof, or grouped
            folds share a group.
    """
    proof = read_proof(directory)
    found = prove(members, folds=proof["folds"])
    wrong = [name for name, entry in found["sets"].items() if proof["sets"].get(name) != entry]
    if wrong:
        raise LeakageError(
            f"{', '.join(wrong)} in {directory}: not the patients that {LEAKAGE_FILE} lists. "
            f"{_make_again(directory)}"
        )
    between_folds = [entry for entry in found["shared"] if _only_folds(entry)]
    if between_folds and proof["folds"] == GROUPED:
        raise LeakageError(
            f"{' and '.join(between_folds[0]['sets'])} in {directory} share patients."
        )
    return proof["folds"]


def _make_again(directory: Path) -> str:
    where = shlex.quote(str(directory))
    return f"Make the folds again: python scripts/make_tfrecords.py --refold 5 --records {where}"


def _only_folds(entry: Mapping) -> bool:
    return all(name.startswith("train fold") for name in entry["sets"])


def _set_name(member: Member) -> str:
    return member.split if member.fold < 0 else f"{member.split} fold {member.fold}"


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{word}\n" for word in sorted(words)).encode()).hexdigest()
