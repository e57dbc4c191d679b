"""Patients set aside: whole groups, within their class; nothing in two splits."""

from dataclasses import replace
from pathlib import Path

import pytest

from tfrecords.class_names import ClassNames
from tfrecords.packing.held_out import HeldOutError, HoldOut, refuse_shared, set_aside
from tfrecords.sources.cnmc import SourceImage

CLASSES = ClassNames("normal", "blast")


def image(patient: str, number: int, *, split: str = "train") -> SourceImage:
    label = int(patient.startswith("B"))
    name = f"{CLASSES[label]}/{patient}/{number}.png"
    path, whole = Path(name), f"{split}/{name}"
    return SourceImage(path, whole, patient, label, split, -1, "picture", classes=CLASSES)


IMAGES = [image(f"{kind}{n}", k) for kind in "BN" for n in range(10) for k in range(3)]
GROUPS = ["B0+B1" if each.patient in ("B0", "B1") else each.patient for each in IMAGES]


def groups_aside(amount, *, seed: int = 0) -> dict[str, set[str]]:
    moved = set_aside(IMAGES, GROUPS, HoldOut(amount), seed=seed)
    assert [each.path for each in moved] == [each.path for each in IMAGES]
    aside: dict[str, set[str]] = {"B": set(), "N": set()}
    for each, group in zip(moved, GROUPS, strict=True):
        assert each.name.startswith(f"{each.phase}/")
        if each.phase == "validation":
            aside[each.patient[0]].add(group)
    staying = {group for each, group in zip(moved, GROUPS, strict=True) if each.phase == "train"}
    assert not staying & (aside["B"] | aside["N"])  # No group is divided.
    return aside


@pytest.mark.parametrize(
    ("amount", "blast", "normal"), [(2, 2, 2), (0.2, 2, 2), (0.01, 1, 1), (1.0, 9, 10), (0, 0, 0)]
)
def test_that_many_groups_of_each_class_are_set_aside(amount, blast, normal):
    aside = groups_aside(amount)
    assert (len(aside["B"]), len(aside["N"])) == (blast, normal)


@pytest.mark.parametrize("amount", [-1, -2, 2.5, 1.5, 0.0, -0.5, float("nan"), True, "2", None])
def test_amount_that_is_no_number_and_no_share_is_refused(amount):
    with pytest.raises(HeldOutError, match="Expected hold_out as a whole number") as error:
        HoldOut(amount)
    assert str(error.value).endswith(f"Received: hold_out={amount!r}")


def test_seed_decides_who():
    assert groups_aside(3) == groups_aside(3) != groups_aside(3, seed=1)


def test_somebody_has_to_stay():
    with pytest.raises(HeldOutError, match="9 patients of blast cannot be set aside: there are 9"):
        set_aside(IMAGES, GROUPS, HoldOut(9), seed=0)


def test_equal_pixels_in_two_splits_are_refused_with_their_files():
    images = [image("B0", 0), image("B1", 0, split="validation"), image("N0", 0)]
    refuse_shared(images, ["a", "b", "c"], ["B0", "B1", "N0"])
    with pytest.raises(HeldOutError, match=r"1 patient in two.*\n.*B0/0.png = .*B1/0.png"):
        refuse_shared(images, ["a", "a", "c"], ["B0+B1", "B0+B1", "N0"])
    joined = [*images, replace(image("B1", 1), phase="test")]
    with pytest.raises(HeldOutError, match="by images in common: B0"):
        refuse_shared(joined, ["a", "b", "c", "d"], ["B0", "B0", "N0", "B0"])
