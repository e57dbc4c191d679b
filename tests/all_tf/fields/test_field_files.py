"""Fields have one name each, whatever their folders, and a patient."""

import os
from pathlib import Path

import numpy as np
import pytest

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
