"""The patient of an image is its folder's name, or what a table says."""

import pytest

from all_tf.data.patient_column import patient_lookup, unmatched
from tfrecords.store.tables import TableError


def test_folder_that_holds_an_image_names_its_patient(tmp_path, monkeypatch):
    patient_of = patient_lookup("folder")
    assert patient_of("cells/P7/a.png") == "P7" and patient_of("/x/y/b.png") == "y"
    monkeypatch.chdir(tmp_path)
    assert patient_of("a.png") == tmp_path.name


def test_table_names_the_patient_of_paths_beside_it_and_elsewhere(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text(f"path,patient,more\ncells/a.png, P1 ,x\n{tmp_path}/b.png,P2,x\n")
    patient_of = patient_lookup(str(table))
    assert patient_of(str(tmp_path / "cells" / "a.png")) == "P1"
    assert patient_of(str(tmp_path / "b.png")) == "P2" and patient_of("c.png") == ""


@pytest.mark.parametrize(
    "text", ["path\na.png\n", "path,patient\na.png\n", "path,patient\na.png,P1\na.png,P2\n"]
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
