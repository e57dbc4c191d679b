"""The patient of an image is its folder's name, or what a table says."""

import pytest

from all_tf.data.patient_column import patient_lookup
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


def test_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(OSError, match="none.csv"):
        patient_lookup(str(tmp_path / "none.csv"))
