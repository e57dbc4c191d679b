"""Duplicates, the patients they join, and folds that divide no group; pure."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tfrecords.sources.cnmc import SourceImage
from tfrecords.store.index import IndexRow


class FoldError(ValueError):
    """The groups cannot be shared out into that many folds."""


def find_duplicates(images: Sequence[SourceImage], digests: Sequence[str]) -> dict[str, str]:
    """From the name of an image to the first image with the same pixels.

    Args:
        images: In the order in which "first" is meant.
        digests: Equal where the pixels are; not those of the files, whose headers differ from
            phase to phase.

    Returns:
        An entry for every image but the first of its kind.
    """
    first, duplicate_of = {}, {}
    for image, digest in zip(images, digests, strict=True):
        original = first.setdefault(digest, image.name)
        if original != image.name:
            duplicate_of[image.name] = original
    return duplicate_of


def group_patients(images: Sequence[SourceImage], digests: Sequence[str]) -> dict[str, str]:
    """From the name of an image to its group: the patients that are one person.

    Two ids that share an image are one person, and so on along the chain. A group is called after
    its ids, as in "20+21". An image without a patient is a group of its own, called after itself,
    unless a patient has the same image.

    Args:
        images: Of all phases.
        digests: Of their pixels, likewise, in the same order.
    """
    parent = {image.patient or image.name: image.patient or image.name for image in images}

    def root(node: str) -> str:
        while parent[node] != node:
            node = parent[node]
        return node

    holder = {}
    for image, digest in zip(images, digests, strict=True):
        node = image.patient or image.name
        parent[root(node)] = root(holder.setdefault(digest, node))
    members = defaultdict(list)
    for node in parent:
        members[root(node)].append(node)
    # An image without a patient adds no name to the patients it was joined to.
    patients = {image.patient for image in images}
    title = {
        head: "+".join(sorted(set(nodes) & patients or nodes, key=_by_number))
        for head, nodes in members.items()
    }
    return {image.name: title[root(image.patient or image.name)] for image in images}


def _by_number(patient: str) -> tuple[str, int, str]:
    """`2` before `11`, and ALL ids before HEM ids."""
    digits = patient.lstrip("H")
    return patient[: -len(digits)], int(digits) if digits.isdigit() else 0, patient


def assign_folds(rows: Sequence[IndexRow], *, num_folds: int, seed: int) -> dict[str, int]:
    """Share the training images out into folds, whole groups at a time, classes balanced.

    Args:
        rows: Of any split; only the training split gets folds.
        num_folds: At least 2.
        seed: Of the order in which groups are dealt.

    Returns:
        From image name to fold, 0 to `num_folds - 1`.

    Raises:
        FoldError: Too few groups: some fold would lack a class.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # 1 s, only where folds are dealt.

    training = [row for row in rows if row.split == "train"]
    if not training:
        return {}
    labels = np.array([row.label for row in training])
    groups = np.array([row.group for row in training])
    num_groups = min(len(set(groups[labels == label])) for label in (0, 1))
    if not 2 <= num_folds <= num_groups:
        raise FoldError(
            f"Expected 2 to {num_groups} folds: that is how many groups of patients the smaller "
            f"class has. Received: folds={num_folds}"
        )
    splitter = StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed)
    fold_of_name = {}
    for fold, (_, held_out) in enumerate(splitter.split(groups, labels, groups)):
        if len(set(labels[held_out])) < 2:
            raise FoldError(
                f"Fold {fold} of {num_folds} would hold one class only. "
                f"Ask for fewer folds. Received: folds={num_folds}, seed={seed}"
            )
        fold_of_name |= {training[index].name: fold for index in held_out}
    return fold_of_name
