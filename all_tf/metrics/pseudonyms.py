"""Names for patients where a page or an event file may be handed on."""

import hashlib
from collections.abc import Iterable

from tfrecords.schema import CLASSES


def pseudonyms(ids: Iterable[str], labels: Iterable[int]) -> dict[str, str]:
    """A name for each patient, or group, of a set: "ALL-07".

    They are numbered within their class in the order of the SHA-256 of their ids, which says
    nothing of the ids, nor of the order in which patients came. Equal sets give equal names, and
    one patient has another name in another set.

    Args:
        ids: Of each cell its patient, or its group; the empty id of an unpublished one is left out.
        labels: Of each cell, 1 = ALL, 0 = HEM; a patient of both classes is called ALL.

    Returns:
        Names by id.
    """
    label_of_id: dict[str, int] = {}
    for each, label in zip(ids, labels, strict=True):
        if each:
            label_of_id[str(each)] = max(int(label), label_of_id.get(str(each), 0))
    names = {}
    for label, title in enumerate(CLASSES):
        members = sorted(
            (each for each, theirs in label_of_id.items() if theirs == label), key=_digest
        )
        width = max(2, len(str(len(members))))
        names |= {each: f"{title.upper()}-{n:0{width}}" for n, each in enumerate(members, 1)}
    return names


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
