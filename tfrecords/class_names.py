"""The names of the two classes: those of C-NMC 2019, or a laboratory's own."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tfrecords.schema import CLASSES

_MOST_CHARACTERS = 30
# A legend of matplotlib leaves out what begins with "_", and reads a formula between dollar signs.
_ALLOWED = re.compile(r"[^\W_][\w .+()-]*")


class ClassNames(NamedTuple):
    """What tables, plots, pages and files call the classes; the index is the label."""

    negative: str
    positive: str

    @property
    def stored(self) -> tuple[str, str]:
        """As the manifest's counts and TFDS have them; C-NMC's are in small letters there."""
        return CLASSES if self == CNMC_CLASSES else (self.negative, self.positive)

    def as_dict(self) -> dict[str, str]:
        """The names as `class_names_of` reads them."""
        return {"negative_class": self.negative, "positive_class": self.positive}


CNMC_CLASSES = ClassNames("HEM", "ALL")


def class_names_of(content: Mapping) -> ClassNames:
    """Read the names from a manifest, a config.json, a report or a row of one.

    Earlier versions knew C-NMC's classes only and wrote no names.
    """
    names = (content.get(key) for key in ("negative_class", "positive_class"))
    return ClassNames(*(found or usual for found, usual in zip(names, CNMC_CLASSES, strict=True)))


def are_turned(one: ClassNames, other: ClassNames) -> bool:
    """Whether what one calls positive, the other calls negative."""
    names = [[name.lower() for name in names] for names in (one, other)]
    return names[0][0] == names[1][1] or names[0][1] == names[1][0]


def class_name_fault(text: str) -> str:
    """Say why a text may not be the name of a class, or nothing if it may."""
    if len(text) > _MOST_CHARACTERS:
        return f"the name of a class has at most {_MOST_CHARACTERS} characters; rename it"
    if not _ALLOWED.fullmatch(text):
        return (
            "the name of a class begins with a letter or digit and holds only letters, digits, "
            "spaces and _ . + - ( ); rename it"
        )
    return ""
