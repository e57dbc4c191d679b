"""Fields have one name each, whatever their folders, and a patient."""

import numpy as np

from all_tf.fields.field_files import find_fields
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
