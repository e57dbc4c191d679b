"""Finds duplicates, joins patients that share one, and makes folds of whole groups; pure."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfrecords.class_names import CNMC_CLASSES, ClassNames
from tfrecords.sources.cnmc import SourceImage
from tfrecords.store.index import IndexRow

_NUMBERED = re.compile(r"(H*)([0-9]{1,18})")  # As C-NMC numbers its patients.


class FoldError(ValueError):
    """The patient groups cannot be divided into that many folds."""


@dataclass(frozen=True)
class _Person:
    """A patient id, or an image without a patient; a patient may be called as an image is."""

    text: str
    is_patient: bool


def find_duplicates(images: Sequence[SourceImage], digests: Sequence[str]) -> dict[str, str]:
    """Find the images whose pixels an earlier image has.

    Args:
        images: The images; their order decides which of equal images is the first.
        digests: A digest for each image, equal if the pixels are equal. Digests of the files do
            not serve: their headers differ between the phases.

    Returns:
        From the name of each duplicate to the name of the first image with the same pixels.
    """
    first: dict[str, str] = {}
    duplicate_of: dict[str, str] = {}
    for image, digest in zip(images, digests, strict=True):
        original = first.setdefault(digest, image.name)
        if original != image.name:
            duplicate_of[image.name] = original
    return duplicate_of


def group_patients(images: Sequence[SourceImage], digests: Sequence[str]) -> dict[str, str]:
    """Map each image name to the name of its patient group: the patient ids that are one person.

    Two ids that share an image are one person, and ids that are linked by a chain of such pairs are
    one person too. An image without a patient is a group of its own, unless a patient has the same
    image.

    The name of a group joins its ids, as in "20+21". A plus sign within an id is written "%2B", and
    a per cent sign "%25", so that two groups never have one name. The name is not to be taken
    apart: the rows of the index say which patients a group has.

    Args:
        images: The images of all phases.
        digests: The digests of their pixels, as for `find_duplicates`.
    """
    nodes = [_person(image) for image in images]
    parent = {node: node for node in nodes}

    def root(node: _Person) -> _Person:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    holder: dict[str, _Person] = {}  # From digest to the first patient, or image, that has it.
    for node, digest in zip(nodes, digests, strict=True):
        parent[root(node)] = root(holder.setdefault(digest, node))
    members = defaultdict(list)
    for node in parent:
        members[root(node)].append(node)
    title = {head: _title(group) for head, group in members.items()}
    return {image.name: title[root(node)] for image, node in zip(images, nodes, strict=True)}


def _person(image: SourceImage) -> _Person:
    return _Person(image.patient or image.name, bool(image.patient))


def _title(group: Sequence[_Person]) -> str:
    """Name a group; images without a patient do not enter the name of a group with patients."""
    texts = [person.text for person in group if person.is_patient]
    texts = texts or [person.text for person in group]
    escaped = [
        text.replace("%", "%25").replace("+", "%2B") for text in sorted(texts, key=_by_number)
    ]
    return "+".join(escaped)


def _by_number(patient: str) -> tuple[str, int, str]:
    """A sort key that puts `2` before `11`, and C-NMC's ids of ALL before those of HEM."""
    match = _NUMBERED.fullmatch(patient)
    return (match[1], int(match[2]), patient) if match else ("", 0, patient)


def check_num_folds(
    groups: Sequence[tuple[int, str]], *, num_folds: int, classes: ClassNames = CNMC_CLASSES
) -> None:
    """Check that each class has a group for every fold.

    Args:
        groups: Label and group of each training image. Before the groups are known the patients
            stand for them: there are at least as many.
        num_folds: The number of folds.
        classes: The names of the classes, for the message of an error.

    Raises:
        FoldError: There are too few groups, or fewer than two folds are asked for.
    """
    of_class = {label: len({group for of, group in groups if of == label}) for label in (0, 1)}
    num_groups = min(of_class.values())
    if num_groups < 2:
        raise FoldError(
            "A training needs two patients of each class at least, one to learn from and one to "
            f"choose the epoch on. Received: {of_class[1]} of {classes.positive}, {of_class[0]} of "
            f"{classes.negative}. Add patients, or set fewer aside by --hold-out; all of them, for "
            "a set to evaluate on only"
        )
    if not 2 <= num_folds <= num_groups:
        raise FoldError(
            f"Expected 2 to {num_groups} folds, because the smaller class has {num_groups} groups "
            f"of patients. Received: folds={num_folds}"
        )


def assign_folds(
    rows: Sequence[IndexRow], *, num_folds: int, seed: int, classes: ClassNames = CNMC_CLASSES
) -> dict[str, int]:
    """Divide the training images into folds of whole patient groups, with balanced classes.

    Args:
        rows: The images of any split; only those of the training split get folds.
        num_folds: The number of folds, at least 2.
        seed: The seed of the order in which groups are assigned.
        classes: The names of the classes, for the message of an error.

    Returns:
        From image name to fold, 0 to `num_folds - 1`.

    Raises:
        FoldError: There are too few groups, so that some fold would lack a class.
    """
    training = [row for row in rows if row.split == "train"]
    if not training:
        return {}
    labels = np.array([row.label for row in training])
    groups = np.array([row.group for row in training])
    pairs = [(row.label, row.group) for row in training]
    check_num_folds(pairs, num_folds=num_folds, classes=classes)
    # The import takes 1 s, and most users of this module need no folds.
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed)
    fold_of_name: dict[str, int] = {}
    for fold, (_, held_out) in enumerate(splitter.split(groups, labels, groups)):
        if len(set(labels[held_out])) < 2:
            raise FoldError(
                f"Fold {fold} of {num_folds} would hold one class only. "
                f"Ask for fewer folds. Received: folds={num_folds}, seed={seed}"
            )
        fold_of_name |= {training[index].name: fold for index in held_out}
    return fold_of_name
