"""Sets patients of a laboratory aside for the split `validation`; refuses what two splits share."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfrecords.counted import counted
from tfrecords.names import legible
from tfrecords.schema import SPLITS
from tfrecords.sources.cnmc import SourceImage

_SHOWN = 20  # Pictures listed in one message; the others are only counted.
_FROM, _TO = SPLITS[0], SPLITS[1]


class HeldOutError(ValueError):
    """Too few patients can be set aside, no such number of them, or two splits share pixels."""


@dataclass(frozen=True)
class HoldOut:
    """How many patient groups of each class are set aside: a number, or a share in (0, 1].

    Raises:
        HeldOutError: The amount is neither.
    """

    amount: int | float = 0

    def __post_init__(self):
        number = isinstance(self.amount, int) and not isinstance(self.amount, bool)
        share = isinstance(self.amount, float) and 0 < self.amount <= 1
        if not share and not (number and self.amount >= 0):
            raise HeldOutError(
                "Expected hold_out as a whole number of patients from 0, or as a share above 0 and "
                f"up to 1.0. Received: hold_out={self.amount!r}"
            )

    def of(self, num_groups: int) -> int:
        """The number of groups that are set aside of a class with so many."""
        if isinstance(self.amount, int):
            return self.amount
        return max(1, round(self.amount * num_groups)) if num_groups else 0

    @property
    def everything(self) -> bool:
        """Whether nothing is left to train on."""
        return isinstance(self.amount, float) and self.amount >= 1


NOBODY = HoldOut()


def set_aside(
    images: Sequence[SourceImage], groups: Sequence[str], hold_out: HoldOut, *, seed: int
) -> list[SourceImage]:
    """Move whole patient groups, chosen at random within their class, from train to validation.

    Args:
        images: Labelled images of the split train.
        groups: The patient group of each image (`group_patients`).
        hold_out: How many groups of each class.
        seed: The seed of the choice.

    Raises:
        HeldOutError: A class has no group left to train on.
    """
    if not hold_out.amount:
        return list(images)
    chosen: set[str] = set()
    for label in (1, 0):
        members = sorted(
            {group for image, group in zip(images, groups, strict=True) if image.label == label}
        )
        number = hold_out.of(len(members))
        if number >= len(members) and not hold_out.everything:
            name = images[0].classes[label]
            raise HeldOutError(
                f"{counted(number, 'patient')} of {name} cannot be set aside: there are "
                f"{len(members)} (those who share an image count as one), and some have to be left "
                "to train on. Choose a smaller --hold-out, or all, for a set to evaluate on only"
            )
        order = np.random.default_rng([seed, label]).permutation(len(members))
        chosen |= {members[place] for place in order[:number]}
    return [
        _moved(image) if group in chosen else image
        for image, group in zip(images, groups, strict=True)
    ]


def _moved(image: SourceImage) -> SourceImage:
    name = f"{_TO}/{image.name.removeprefix(f'{_FROM}/')}"
    return replace(image, name=name, phase=_TO)


def refuse_shared(
    images: Sequence[SourceImage], digests: Sequence[str], groups: Sequence[str]
) -> None:
    """Refuse splits of a laboratory that share pixels, or patients by way of equal pixels.

    Args:
        images: The images.
        digests: The digests of their pixels, as for `find_duplicates`.
        groups: The patient group of each image.

    Raises:
        HeldOutError: Two splits share a patient group; the message names files.
    """
    splits_of_group, first = defaultdict(set), dict[tuple[str, str], SourceImage]()
    for image, digest, group in zip(images, digests, groups, strict=True):
        splits_of_group[group].add(image.phase)
        first.setdefault((digest, image.phase), image)
    shared = [group for group, splits in splits_of_group.items() if len(splits) > 1]
    if not shared:
        return
    pairs = [
        f"{legible(image.path)} = {legible(other.path)}"
        for (digest, phase), image in first.items()
        for another in SPLITS
        if (other := first.get((digest, another))) and phase < another
    ]
    lines = pairs or [f"by images in common: {legible(group)}" for group in shared]
    rest = [f"and {len(lines) - _SHOWN:,} more"] if len(lines) > _SHOWN else []
    headline = (
        f"{counted(len(shared), 'patient')} in two splits, because images of two splits have equal "
        "pixels. Move or remove these and run again:"
    )
    raise HeldOutError("\n  ".join([headline, *lines[:_SHOWN], *rest]))
