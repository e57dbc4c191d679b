"""Duplicates join patients, and folds divide no group."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tfrecords.packing.contradictions import find_contradictions
from tfrecords.packing.folding import Packed
from tfrecords.packing.patient_groups import (
    FoldError,
    assign_folds,
    find_duplicates,
    group_patients,
)
from tfrecords.packing.summary import describe_packed
from tfrecords.sources.cnmc import SourceImage
from tfrecords.store.index import IndexRow


def image(name: str, patient: str, label: int = 1, phase: str = "train") -> SourceImage:
    return SourceImage(Path(name), name, patient, label, phase, 0)


def row(name: str, group: str, label: int, split: str = "train") -> IndexRow:
    return IndexRow(name, split, label, group, group, "", 0, "", "")


def many(num_patients: int, *, seed: int) -> list[IndexRow]:
    """Patients of very unequal size, half of them of each class, each two of a class one group."""
    rng = np.random.default_rng(seed)
    return [
        row(f"{patient}_{n}", f"g{patient // 4}-{patient % 2}", patient % 2)
        for patient in range(num_patients)
        for n in range(int(rng.integers(1, 60)))
    ]


def test_duplicate_points_to_the_first_of_its_kind():
    images = [image(name, name) for name in "abcd"]
    assert find_duplicates(images, ["x", "y", "x", "x"]) == {"c": "a", "d": "a"}


def test_shared_images_join_patients_along_the_chain():
    images = [image(str(n), patient) for n, patient in enumerate(["51", "78", "78", "75", "2"])]
    groups = group_patients(images, ["x", "x", "y", "y", "z"])
    assert groups == dict.fromkeys("0123", "51+75+78") | {"4": "2"}


def test_11_and_h11_are_two_people():
    groups = group_patients([image("a", "11"), image("b", "H11", 0)], ["x", "y"])
    assert groups == {"a": "11", "b": "H11"}


def test_image_without_a_patient_is_a_group_of_its_own():
    images = [image("test/1.bmp", "", -1, "test"), image("test/2.bmp", "", -1, "test")]
    assert group_patients(images, ["x", "y"]) == {n.name: n.name for n in images}


def test_unpublished_image_with_a_patients_pixels_joins_that_patient():
    images = [image("train/a", "20"), image("test/1.bmp", "", -1, "test")]
    assert set(group_patients(images, ["x", "x"]).values()) == {"20"}


@pytest.mark.parametrize("sign", ["+", "%2B", "%"])
def test_sign_within_an_id_joins_nobody(sign):
    names = [f"A{sign}B", "A", "B"]
    groups = group_patients([image(name, name) for name in names], ["x", "y", "y"])
    assert groups["A"] == groups["B"] == "A+B" != groups[names[0]]
    rows = [row(name, group, 1)._replace(patient=name) for name, group in groups.items()]
    text = describe_packed(Packed(rows, {}, "grouped"), None)
    assert "one person: A+B\n" in text


def test_old_records_with_a_plus_in_an_id_show_no_joined_patients():
    rows = [row(str(n), f"CD34+_{n}", 1) for n in (0, 1)]
    assert "one person: none" in describe_packed(Packed(rows, {}, "grouped"), None)


@pytest.mark.parametrize("patient", ["\u00b2", "H", "9" * 5000, "H\u0663"])
def test_id_that_only_looks_like_a_number_is_text(patient):
    groups = group_patients([image("a", patient), image("b", "2")], ["x", "x"])
    assert set(groups.values()) in ({f"{patient}+2"}, {f"2+{patient}"})


def test_patient_called_like_an_image_is_not_that_image():
    images = [image("a", "test/1.bmp"), image("test/1.bmp", "", -1, "test"), image("b", "2")]
    groups = group_patients(images, ["x", "y", "y"])
    assert groups["test/1.bmp"] == groups["b"] == "2" and groups["a"] == "test/1.bmp"


def test_equal_pixels_under_both_classes_contradict_each_other():
    images = [image(n, n, label) for n, label in (("a", 1), ("b", 0), ("c", 1), ("d", -1))]
    assert find_contradictions(images, ["x", "x", "y", "y"]) == [images[:2]]
    assert find_contradictions(images, ["x", "y", "x", "x"]) == []


@pytest.mark.parametrize("num_folds", [2, 3, 5])
def test_no_group_lies_in_two_folds_and_every_fold_has_both_classes(num_folds):
    rows = many(30, seed=num_folds)
    folds = assign_folds(rows, num_folds=num_folds, seed=0)
    assert folds.keys() == {row.name for row in rows}
    pairs = {(row.group, folds[row.name]) for row in rows}
    assert len(pairs) == len({row.group for row in rows})
    assert {(folds[row.name], row.label) for row in rows} == {
        (fold, label) for fold in range(num_folds) for label in (0, 1)
    }


def test_classes_are_balanced_over_folds():
    rows = many(240, seed=1)
    folds = assign_folds(rows, num_folds=5, seed=0)
    for label in (0, 1):
        counts = Counter(folds[row.name] for row in rows if row.label == label)
        assert max(counts.values()) < 1.15 * min(counts.values())


def test_only_training_images_get_a_fold():
    rows = [*many(12, seed=0), row("validation/1.bmp", "v", 1, "validation")]
    folds = assign_folds(rows, num_folds=2, seed=0)
    assert "validation/1.bmp" not in folds


def test_more_folds_than_patients_of_a_class_are_refused():
    rows = [row("a", "1", 1), row("b", "2", 1), row("c", "H1", 0), row("d", "H2", 0)]
    with pytest.raises(FoldError, match="Expected 2 to 2 folds.*folds=3"):
        assign_folds(rows, num_folds=3, seed=0)
