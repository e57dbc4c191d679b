"""A table says of which class and patient its files are, or which of its rows cannot be."""

import unicodedata

import pytest

from tfrecords.sources.cnmc import SourceError
from tfrecords.sources.folders import find_folder_images
from tfrecords.store.text_cells import cell_of_text

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "\u00c41") for form in ("NFC", "NFD"))


def test_table_gives_class_and_patient(laboratory):
    table = (
        "\ufeffpatient,path,label,stain\n p1 ,one/a.png,ALL,x\np2,one\\b.png,0,y\n11,c.png,1,z\n"
    )
    root = laboratory(dict.fromkeys(["one/a.png", "one/b.png", "c.png"]) | {"cells.csv": table})
    images = find_folder_images(root / "cells.csv", patient_per_image=False)
    assert [(image.name, image.patient, image.label) for image in images] == [
        ("train/c.png", "11", 1),
        ("train/one/a.png", "p1", 1),
        ("train/one/b.png", "p2", 0),
    ]
    assert images[1].path == root / "one/a.png"


@pytest.mark.parametrize("patient", ["-7", "=P1", "+49", "@a", "'-7", "''"])
def test_patient_whose_name_was_written_as_no_formula_has_it_back(laboratory, patient):
    table = f"path,label,patient\na.png,all,{cell_of_text(patient)}\n"
    root = laboratory({"a.png": None, "cells.csv": table})
    (image,) = find_folder_images(root / "cells.csv", patient_per_image=False)
    assert image.patient == patient


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("missing.png,all,p", "missing.png: cannot be read: No such file"),
        ("b.png,blast,p", "Nothing says which class is the positive one.*--positive all, or"),
        ("b.png,,p", "cells.csv: 1 row without a label, the first in line 3: fill in the column"),
        ("b.png", "line 3: expected 3 fields, as in the header; received: 1"),
        ("b.png,hem,q,more", "line 3: expected 3 fields, as in the header; received: 4"),
        ('b.png,hem,"q', "line 3: a quote is not closed"),
        ('b.png,hem,q"', "line 3: a quote is not closed, or stands inside a field"),
        ('b.png,hem,"q\nr"', "line 3: a quote is not closed"),
        ("b.png,hem,q\rr", "line 3: a carriage return inside the line"),
        ("b.png,hem,q\0", "line 3: a NUL byte"),
        (f"b.png,hem,{'q' * 140_000}", "line 3: field larger than"),
        ("./a.png,all,p", "line 3: a.png has two rows"),
        ("../b.png,all,p", "expected a path below the folder of the table"),
        ("/b.png,all,p", "expected a path below the folder of the table"),
        (",all,p", "expected a path below the folder of the table"),
        ("b.png,hem,p", "patient p has both classes"),
    ],
)
def test_bad_row_is_listed_with_its_line(laboratory, row, reason):
    table = f"path,label,patient\na.png,all,p\n{row}\n"
    root = laboratory({"a.png": None, "b.png": None, "cells.csv": table})
    with pytest.raises(SourceError, match=reason):
        find_folder_images(root / "cells.csv", patient_per_image=False)


def test_unfilled_column_of_labels_is_said_once(laboratory):
    rows = "".join(f"{n}.png, ,p\n" for n in range(16))
    root = laboratory({"0.png": None, "cells.csv": f"path,label,patient\n{rows}"})
    with pytest.raises(SourceError) as error:
        find_folder_images(root / "cells.csv", patient_per_image=False)
    said = "16 rows without a label, the first in line 2: fill in the column label"
    assert str(error.value).splitlines()[1:] == [f"  {root / 'cells.csv'}: {said}"]


@pytest.mark.parametrize("table", ["", "path;label;patient\n", "path,label\na.png,all\n"])
def test_table_with_other_columns_is_refused(laboratory, table):
    root = laboratory({"a.png": None, "cells.csv": table})
    with pytest.raises(SourceError, match="expected the columns path,label,patient; received"):
        find_folder_images(root / "cells.csv", patient_per_image=True)


def test_table_finds_a_file_whose_accents_are_spelt_differently(laboratory):
    table = f"path,label,patient\n{COMPOSED}.png,all,p\n"
    root = laboratory({f"{DECOMPOSED}.png": None, "cells.csv": table})
    (image,) = find_folder_images(root / "cells.csv", patient_per_image=False)
    assert image.name == f"train/{COMPOSED}.png"


def test_table_may_name_the_split(laboratory):
    table = "path,label,patient,split\na.png,blast,p,train\nb.png,normal,q,Validation\n"
    root = laboratory({"a.png": None, "b.png": None, "cells.csv": table})
    images = find_folder_images(root / "cells.csv", patient_per_image=False, positive="blast")
    assert [image.name for image in images] == ["train/a.png", "validation/b.png"]
    (root / "cells.csv").write_text(table.replace("Validation", "exam"))
    with pytest.raises(SourceError, match="line 3: expected one of train, validation, test"):
        find_folder_images(root / "cells.csv", patient_per_image=False, positive="blast")


@pytest.mark.parametrize("name", ["Split", " split", "SPLIT "])
def test_split_in_another_spelling_is_refused_and_not_ignored(name, laboratory):
    table = f"path,label,patient,{name}\na.png,blast,p,train\nb.png,normal,q,test\n"
    root = laboratory({"a.png": None, "b.png": None, "cells.csv": table})
    with pytest.raises(SourceError, match="line 1: expected the column 'split' in this spelling"):
        find_folder_images(root / "cells.csv", patient_per_image=False, positive="blast")
