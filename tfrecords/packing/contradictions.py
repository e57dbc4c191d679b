"""Finds images whose pixels lie under both classes: one of the labels is wrong."""

from collections import defaultdict
from collections.abc import Sequence

from tfrecords.names import legible
from tfrecords.schema import UNLABELLED
from tfrecords.sources.cnmc import SourceImage

_SHOWN = 20  # Pictures listed in one message; the others are only counted.


class ContradictionError(ValueError):
    """Equal pixels lie under both classes, so that a label is wrong and nothing says which."""


def find_contradictions(
    images: Sequence[SourceImage], digests: Sequence[str]
) -> list[list[SourceImage]]:
    """Find the images whose pixels lie under both classes: one picture cannot show two truths.

    Args:
        images: The images; those without a label contradict none.
        digests: The digests of their pixels, as for `find_duplicates`.

    Returns:
        A list for each such picture, of its labelled images in their order.
    """
    images_of_digest = defaultdict(list)
    for image, digest in zip(images, digests, strict=True):
        if image.label != UNLABELLED:
            images_of_digest[digest].append(image)
    return [same for same in images_of_digest.values() if len({image.label for image in same}) > 1]


def images_to_leave_out(
    images: Sequence[SourceImage], digests: Sequence[str], *, accepted: bool
) -> dict[str, str]:
    """Find the images that contradict each other, from name to a line with the reason.

    Args:
        images: The images.
        digests: The digests of their pixels, as for `find_duplicates`.
        accepted: Whether there may be some; they are left out then.

    Raises:
        ContradictionError: There are some and they are not accepted, or no other images.
    """
    groups = find_contradictions(images, digests)
    lines = [
        " = ".join(f"{legible(image.path)} ({image.classes.stored[image.label]})" for image in same)
        for same in groups
    ]
    if groups and not accepted:
        rest = [f"and {len(lines) - _SHOWN:,} more"] if len(lines) > _SHOWN else []
        headline = (
            f"{len(groups)} pictures lie under both classes with equal pixels. Correct the labels, "
            "or pass --drop-contradictions to leave all of these images out:"
        )
        raise ContradictionError("\n  ".join([headline, *lines[:_SHOWN], *rest]))
    left_out = {
        image.name: f"{legible(image.path)}: equal pixels lie under both classes: {line}"
        for same, line in zip(groups, lines, strict=True)
        for image in same
    }
    if len(left_out) == len(images):
        raise ContradictionError("Every image lies under both classes. Correct the labels.")
    return left_out
