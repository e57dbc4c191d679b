"""Finds duplicates, joins patients that share one, and makes folds of whole groups; pure."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tfrecords.sources.cnmc import SourceImage
from tfrecords.store.index import IndexRow


class FoldError(ValueError):
    """The patient groups cannot be divided into that many folds."""


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
    """Map each image name to its patient group: the patient ids that are one person.

    Two ids that share an image are one person, and ids that are linked by a chain of such pairs are
    one person too. The name of a group joins its ids, as in "20+21". An image without a patient is
    a group of its own, with the image's name, unless a patient has the same image.

    Args:
        images: The images of all phases.
        digests: The digests of their pixels, as for `find_duplicates`.
    """
    parent = {image.patient or image.name: image.patient or image.name for image in images}

    def root(node: str) -> str:
        while parent[node] != node:
            node = parent[node]
        return node

    holder: dict[str, str] = {}  # From digest to the first patient, or image, that has it.
    for image, digest in zip(images, digests, strict=True):
        node = image.patient or image.name
        parent[root(node)] = root(holder.setdefault(digest, node))
    members = defaultdict(list)
    for node in parent:
        members[root(node)].append(node)
    # The name of an image without a patient does not enter the name of a group with patients.
    patients = {image.patient for image in images}
    title = {
        head: "+".join(sorted(set(nodes) & patients or nodes, key=_by_number))
        for head, nodes in members.items()
    }
    return {image.name: title[root(image.patient or image.name)] for image in images}


def _by_number(patient: str) -> tuple[str, int, str]:
    """A sort key that puts `2` before `11`, and ALL ids before HEM ids."""
    digits = patient.lstrip("H")
    return patient[: -len(digits)], int(digits) if digits.isdigit() else 0, patient


def assign_folds(rows: Sequence[IndexRow], *, num_folds: int, seed: int) -> dict[str, int]:
    """Divide the training images into folds of whole patient groups, with balanced classes.

    Args:
        rows: The images of any split; only those of the training split get folds.
        num_folds: The number of folds, at least 2.
        seed: The seed of the order in which groups are assigned.

    Returns:
        From image name to fold, 0 to `num_folds - 1`.

    Raises:
        FoldError: There are too few groups, so that some fold would lack a class.
    """
    # The import takes 1 s, and most users of this module need no folds.
    from sklearn.model_selection import StratifiedGroupKFold

    training = [row for row in rows if row.split == "train"]
    if not training:
        return {}
    labels = np.array([row.label for row in training])
    groups = np.array([row.group for row in training])
    num_groups = min(len(set(groups[labels == label])) for label in (0, 1))
    if not 2 <= num_folds <= num_groups:
        raise FoldError(
            f"Expected 2 to {num_groups} folds, because the smaller class has {num_groups} groups "
            f"of patients. Received: folds={num_folds}"
        )
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
