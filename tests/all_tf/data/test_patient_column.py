"""The patient of an image is its folder's name, or what a table or a function says."""

import sys
import unicodedata

import numpy as np
import pandas
import pytest

from all_tf.data.patient_column import checked_patients, patient_lookup, unmatched
from tests.tfrecords.sources.test_folders import ALIKE
from tfrecords.store.tables import TableError
from tfrecords.store.text_cells import cell_of_text


def test_folder_that_holds_an_image_names_its_patient(tmp_path, monkeypatch):
    patient_of = patient_lookup("folder")
    assert patient_of("cells/P7/a.png") == "P7" and patient_of("/x/y/b.png") == "y"
    monkeypatch.chdir(tmp_path)
    assert patient_of("a.png") == tmp_path.name


def test_folders_above_have_their_own_names(tmp_path, monkeypatch):
    (tmp_path / "P1/P2/P3").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "P1/P2/P3")
    patient_of = patient_lookup("folder")
    names = ("a.png", "../a.png", "../../a.png", "../P3/../a.png", "../../../P1/a.png")
    assert list(map(patient_of, names)) == ["P3", "P2", "P1", "P2", "P1"]


def test_two_folders_of_one_name_are_refused_and_a_table_is_proposed(tmp_path):
    (tmp_path / "P1/slide1").mkdir(parents=True)
    (tmp_path / "again").symlink_to("P1")
    patient_of = patient_lookup("folder")
    one, other = (str(tmp_path / f"{patient}/slide1/a.png") for patient in ("P1", "P2"))
    assert patient_of(one) == patient_of(str(tmp_path / "again/slide1/b.png")) == "slide1"
    with pytest.raises(ValueError, match="two folders give one name.*, slide1") as error:
        patient_of(other)
    assert str(error.value).startswith(f"{tmp_path}/P1/slide1, {tmp_path}/P2/slide1: ")
    assert str(error.value).endswith(
        'CSV file with the columns path,patient in the place of the word "folder"'
    )
    assert patient_lookup("folder")(other) == "slide1"


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_patients_whose_names_look_alike_are_refused(one, other, tmp_path):
    said = f"patients {one!a} and {other!a} look alike: write one person's name in one way"
    patient_of = patient_lookup("folder")
    assert patient_of(f"{one}/a.png") == one
    with pytest.raises(ValueError) as error:
        patient_of(f"{other}/a.png")
    assert said in str(error.value) and "Name a CSV file" in str(error.value)
    table = tmp_path / "patients.csv"
    table.write_text(
        f"path,patient\na.png,{one}\nb.png,{one}\nc.png,\nd.png,{other}\n", encoding="utf-8"
    )
    with pytest.raises(TableError) as error:
        patient_lookup(str(table))
    assert str(error.value).startswith(f"{table}, lines 2 and 5: {said}")


@pytest.mark.parametrize("patient", ["-7", "=P1", "+49", "@a", "'-7", "''"])
def test_name_that_was_written_as_no_formula_comes_back(patient, tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text(f"path,patient\na.png,{cell_of_text(patient)}\n")
    assert patient_lookup(str(table))(str(tmp_path / "a.png")) == patient


def test_links_have_the_name_that_the_user_gave_them(tmp_path):
    for name in ("1/raw/a.png", "2/raw/b.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    for patient in "12":
        (tmp_path / f"P{patient}").symlink_to(f"{patient}/raw")
    (tmp_path / "2/raw/c.png").symlink_to("../../1/raw/a.png")
    patient_of = patient_lookup("folder")
    assert patient_of(str(tmp_path / "P1/a.png")) == "P1"
    assert patient_of(str(tmp_path / "P2/b.png")) == "P2"
    assert patient_of(str(tmp_path / "2/raw/c.png")) == "raw"


COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "\u00c41") for form in ("NFC", "NFD"))


def test_patient_and_path_have_one_spelling(tmp_path):
    patient_of = patient_lookup("folder")
    assert patient_of(f"{COMPOSED}/a.png") == patient_of(f"{DECOMPOSED}/b.png") == COMPOSED
    table = tmp_path / "patients.csv"
    table.write_text(f"path,patient\n{COMPOSED}.png,{DECOMPOSED}\n", encoding="utf-8")
    assert patient_lookup(str(table))(str(tmp_path / f"{DECOMPOSED}.png")) == COMPOSED


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("P\ufffd/a.png", "the name is not UTF-8"),  # As `read_new_cells` shows a name's bytes.
        ("P\udcff/a.png", "the name is not UTF-8"),
        ("P\x1b/a.png", "a control character"),
        ("P\u202e/a.png", "writing direction"),
    ],
)
def test_folder_whose_name_cannot_be_a_patients_is_refused(name, fault):
    with pytest.raises(ValueError, match=f"{fault}; rename it"):
        patient_lookup("folder")(name)


def test_patient_of_a_table_whose_name_cannot_be_one_is_refused(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text("path,patient\na.png,P1\nb.png,P\x1b1\n")
    with pytest.raises(TableError, match=r"line 3: patient P\\x1b1: .* a control character"):
        patient_lookup(str(table))


def test_table_names_the_patient_of_paths_beside_it_and_elsewhere(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text(f"path,patient,more\ncells/a.png, P1 ,x\n{tmp_path}/b.png,P2,x\n")
    patient_of = patient_lookup(str(table))
    assert patient_of(str(tmp_path / "cells" / "a.png")) == "P1"
    assert patient_of(str(tmp_path / "b.png")) == "P2" and patient_of("c.png") == ""


@pytest.mark.parametrize(
    "text",
    [
        "path\na.png\n",
        "path,patient\na.png\n",
        "path,patient\na.png,P1\na.png,P2\n",
        "path,Patient\na.png,P1\n",
        "path,patient,Patient\na.png,P1,P2\n",
    ],
)
def test_table_without_the_columns_or_with_two_patients_is_refused(text, tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text(text)
    with pytest.raises(TableError, match="patients.csv"):
        patient_lookup(str(table))


def test_rows_and_images_that_do_not_meet_are_told(tmp_path):
    table = tmp_path / "patients.csv"
    images = [str(tmp_path / name) for name in ("a.png", "b.png")]

    def notes(rows):
        table.write_text(f"path,patient\n{rows}")
        return unmatched(patient_lookup(str(table)), images)

    nobody = "No patient is known: "
    rest = f"in {table} lead to none of the images scored. The first: {tmp_path}/c.png"
    assert notes("a.png,P1\nb.png,\n") == []
    assert notes("") == [f"{nobody}none of the images is in {table}."]
    assert notes("a.png,\n") == [f"{nobody}{table} names none for the images."]
    assert notes("a.png,P1\nc.png,P1\nd.png,P1\n") == [f"2 of 3 paths {rest}"]
    none = f"{nobody}none of the images is in {table}."
    assert notes("c.png,P1\n") == [none, f"1 of 1 paths {rest}"]
    assert unmatched(patient_lookup("folder"), images) == []


def test_folder_in_the_place_of_the_table_is_refused(tmp_path):
    with pytest.raises(TableError, match=f'{tmp_path} is a folder. Name a CSV .* word "folder"'):
        patient_lookup(str(tmp_path))


def test_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(OSError, match="none.csv"):
        patient_lookup(str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    "missing", [None, float("nan"), np.float32("nan"), pandas.NA, pandas.NaT, "", " "]
)
def test_value_that_is_missing_is_no_patient(missing, monkeypatch):
    assert checked_patients(lambda name: missing)("a.png") == ""
    column = pandas.Series(["P1", missing], index=["a.png", "b.png"])
    assert list(map(checked_patients(column.get), column.index)) == ["P1", ""]
    monkeypatch.delitem(sys.modules, "pandas")
    assert checked_patients({"a.png": None}.get)("a.png") == ""


def test_patient_that_a_function_gives_has_one_spelling():
    given = {"a.png": DECOMPOSED, "b.png": f" {COMPOSED} ", "c.png": 7}
    assert list(map(checked_patients(given.get), given)) == [COMPOSED, COMPOSED, "7"]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_patients_that_a_function_names_alike_are_refused(one, other):
    patient_of = checked_patients({"a.png": one, "b.png": "", "c.png": other}.get)
    assert [patient_of("a.png"), patient_of("b.png")] == [one, ""]
    with pytest.raises(ValueError) as error:
        patient_of("c.png")
    assert str(error.value).startswith(f"a.png, c.png: patients {one!a} and {other!a} look alike")
    assert checked_patients(lambda name: other)("c.png") == other


def test_patient_of_a_function_whose_name_cannot_be_one_is_refused():
    with pytest.raises(ValueError, match=r"^a.png: patient P\\x1b1: .* a control character"):
        checked_patients(lambda name: "P\x1b1")("a.png")
