"""Pseudonyms of patients, for pages and event files that may be handed on."""

import hashlib
from collections.abc import Iterable

from tfrecords.class_names import CNMC_CLASSES, ClassNames


def pseudonyms(
    ids: Iterable[str], labels: Iterable[int], *, classes: ClassNames = CNMC_CLASSES
) -> dict[str, str]:
    """A pseudonym for each patient, or patient group, of a set, as in "ALL-07".

    Patients are numbered within their class in the order of the SHA-256 of their ids, which
    reveals neither the ids nor the order of the patients. Equal sets give equal pseudonyms; one
    patient has another pseudonym in another set.

    Args:
        ids: The patient, or the group, of each cell; the empty id of an unpublished one is left
            out.
        labels: Of each cell, 1 or 0; a patient of both classes is called by the positive one.
        classes: The names of the classes.

    Returns:
        Pseudonyms by id.
    """
    label_of_id: dict[str, int] = {}
    for each, label in zip(ids, labels, strict=True):
        if each:
            label_of_id[str(each)] = max(int(label), label_of_id.get(str(each), 0))
    names: dict[str, str] = {}
    for label, title in enumerate(classes):
        members = sorted(
            (each for each, theirs in label_of_id.items() if theirs == label), key=_digest
        )
        width = max(2, len(str(len(members))))
        names |= {each: f"{title}-{n:0{width}}" for n, each in enumerate(members, 1)}
    return names


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
