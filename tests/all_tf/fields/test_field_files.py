"""Fields have one name each, whatever their folders, and a patient."""

import os
from pathlib import Path

import numpy as np
import pytest

from all_tf.fields.field_files import find_fields, several_folders
from all_tf.fields.optical_density import FieldError
from tests.all_tf.fields.drawn_fields import write_field

PIXELS = np.full((20, 20, 3), 200, np.uint8)


def test_fields_of_one_name_get_different_ones(tmp_path):
    for place in ("a/x.png", "b/x.png", "b/y.png", "b/y.jpg"):
        write_field(tmp_path / "slides" / place, PIXELS)
    fields, problems = find_fields([tmp_path / "slides"])
    assert not problems
    assert [(field.field, field.patient) for field in fields] == [
        ("a/x.png", "a"),
        ("b/x.png", "b"),
        ("b/y.jpg", "b"),
        ("b/y.png", "b"),
    ]
    assert [field.name for field in fields] == ["a_x", "b_x", "b_y.jpg", "b_y.png"]


def test_stem_of_one_field_is_not_the_joined_name_of_another(tmp_path):
    for place in ("P1/1.png", "P1/P1_1.png", "P2/1.png", "P3/x.png"):
        write_field(tmp_path / place, PIXELS)
    fields, _ = find_fields([tmp_path])
    assert [field.name for field in fields] == ["P1_1.png", "P1_P1_1", "P2_1", "x"]


@pytest.mark.parametrize(
    "places",
    [
        ("P1/x.png", "P1/X.png"),  # One file on a disk that ignores capitals.
        ("a/b_c.png", "a_b/c.png", "d/b_c.png", "d/c.png"),
        ("P1/\u00c4.png", "P1/A\u0308.png"),
    ],
)
def test_two_fields_that_would_have_one_name_are_refused_with_both(places, tmp_path):
    for place in places:
        write_field(tmp_path / place, PIXELS)
    with pytest.raises(FieldError, match="both would be called") as error:
        find_fields([tmp_path])
    named = str(error.value).split(": both")[0].split(", ")
    assert sorted(named) == sorted(str(tmp_path / place) for place in places[:2])


@pytest.mark.parametrize(
    ("folders", "reason"),
    [
        (("A/_B", "A_/B"), "both would be the patient 'A___B': rename one"),
        (("a/b_c", "a__b_c", "a_b/c"), "both would be the patient 'a__b_c'"),
        (("P 1", "P\u00a01"), r"patients 'P 1' and 'P\xa01' look alike: write one person"),
        (("P1", "p1"), "patients 'P1' and 'p1' look alike"),
        (("", "slides"), "both would be the patient 'slides'"),
    ],
)
def test_two_folders_that_would_be_one_patient_are_refused_with_both(folders, reason, tmp_path):
    root = tmp_path / "slides"
    for number, place in enumerate(folders):
        write_field(root / place / f"{number}.png", PIXELS)
    with pytest.raises(FieldError) as error:
        find_fields([root])
    one, other = (root / place for place in folders[:2])
    assert str(error.value).startswith(f"The folders {one} and {other}: {reason}")


def test_folder_in_two_spellings_of_its_accents_is_one_patient(tmp_path):
    for place in ("\u00c4/x.png", "A\u0308/y.png"):
        write_field(tmp_path / place, PIXELS)
    fields, _ = find_fields([tmp_path])
    assert {field.patient for field in fields} == {"\u00c4"}


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (("P1/x.png", "P1/y.png", "P2/x.png"), None),
        (("P1/a/x.png", "P2/a/x.png"), None),
        (("P1/a/x.png", "P1/b/x.png", "P2/x.png"), "2 folders within P1 count as 2 patients. "),
        (("P1/x.png", "P1/b/y.png", "P2/x.png"), "2 folders within P1 count as 2 patients. "),
        (("x.png", "a/y.png", "b/z.png"), "3 folders within slides count as 3 patients. "),
        (
            ("P1/a/x.png", "P1/b/x.png", "P2/a/x.png", "P2/b/x.png", "P2/c/x.png"),
            "2 folders within P1 count as 2 patients, likewise in 1 more folder. ",
        ),
    ],
)
def test_folders_within_one_folder_are_said_to_be_patients(places, said, tmp_path):
    for place in places:
        write_field(tmp_path / "slides" / place, PIXELS)
    fields, _ = find_fields([tmp_path / "slides"])
    line = several_folders(fields)
    assert line.startswith(f"{said}If they are one person, put") if said else not line


def test_folders_of_one_name_are_two_patients(tmp_path):
    one = write_field(tmp_path / "one" / "slide" / "x.png", PIXELS)
    two = write_field(tmp_path / "two" / "slide" / "x.png", PIXELS)
    fields, _ = find_fields([one.parent, two])
    assert [field.patient for field in fields] == ["one_slide", "two_slide"]


def test_folders_whose_names_join_to_one_are_two_patients(tmp_path):
    for place in ("a/b_c/x.png", "a_b/c/y.png"):
        write_field(tmp_path / place, PIXELS)
    fields, _ = find_fields([tmp_path])
    assert [field.patient for field in fields] == ["a__b_c", "a_b__c"]


@pytest.mark.parametrize("given", ["..", "../x.png", "../../P1", "../b/.."])
def test_folder_above_gives_its_own_name(given, tmp_path, monkeypatch):
    write_field(tmp_path / "P1" / "x.png", PIXELS)
    (tmp_path / "P1/b").mkdir()
    monkeypatch.chdir(tmp_path / "P1/b")
    ((field,), problems) = find_fields([Path(given)])
    assert (field.field, field.name, field.patient) == ("x.png", "x", "P1") and not problems


def test_folders_above_and_below_have_one_name_for_each_patient(tmp_path, monkeypatch):
    for place in ("P1/x.png", "P2/y.png", "P2/z.png"):
        write_field(tmp_path / place, PIXELS)
    monkeypatch.chdir(tmp_path / "P2")
    fields, _ = find_fields([Path("../P1"), Path("y.png"), Path("../P2/z.png")])
    assert [field.patient for field in fields] == ["P1", "P2", "P2"]


def test_link_to_the_folder_of_a_patient_names_the_patient(tmp_path):
    for patient in ("1", "2"):
        write_field(tmp_path / "store" / patient / "raw" / "x.png", PIXELS)
        (tmp_path / "slides").mkdir(exist_ok=True)
        (tmp_path / f"slides/P{patient}").symlink_to(tmp_path / "store" / patient / "raw")
    fields, _ = find_fields([tmp_path / "store/../slides"])
    assert [field.patient for field in fields] == ["P1", "P2"]


def test_folder_of_the_results_is_not_searched(tmp_path):
    write_field(tmp_path / "P1/x.png", PIXELS)
    for name in ("outlines/x.png", "contact_sheet_1.gif"):
        write_field(tmp_path / "cut" / name, PIXELS)
    (tmp_path / "again").symlink_to("cut")
    (tmp_path / "cut two").mkdir()
    write_field(tmp_path / "cut two/y.png", PIXELS)
    fields, problems = find_fields([tmp_path], leave_out=tmp_path / "again")
    assert [field.field for field in fields] == ["P1/x.png", "cut two/y.png"] and not problems
    fields, problems = find_fields([tmp_path / "cut"], leave_out=tmp_path / "cut")
    assert not fields and problems == [f"{tmp_path}/cut: no picture below this folder"]


def test_folder_above_whose_name_is_no_text_names_no_patient(tmp_path, monkeypatch):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    write_field(Path(folder) / "x.png", PIXELS)
    monkeypatch.chdir(folder)
    fields, problems = find_fields([Path("x.png")])
    assert not fields and problems == ["x.png: the name is not UTF-8; rename it"]


def test_picture_given_twice_is_one_field(tmp_path):
    path = write_field(tmp_path / "Größe 1" / "Feld ü.png", PIXELS)
    fields, _ = find_fields([path, path.parent])
    assert [(field.name, field.patient) for field in fields] == [("Feld ü", "Größe 1")]


def test_folder_without_pictures_and_other_kinds_are_problems(tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "x.gif").write_bytes(b"GIF89a")
    fields, problems = find_fields([tmp_path / "none", tmp_path])
    assert not fields
    assert len(problems) == 3
