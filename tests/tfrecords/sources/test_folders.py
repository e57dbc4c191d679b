"""Cells of other laboratories: their folders and tables, and pictures read without a guess."""

import os
import unicodedata

import pytest

from tests.tfrecords.sources.test_folder_pictures import PIXELS, picture
from tfrecords.sources.cnmc import SourceError
from tfrecords.sources.folders import find_folder_images


def test_folders_give_class_and_patient(laboratory):
    names = ["ALL/p1/b.PNG", "ALL/p1/a.tif", "ALL/p2/slide 3/a.jpeg", "Hem/11/c.BMP"]
    ignored = {
        "README.txt": "",
        "ALL/.DS_Store": "",
        "__MACOSX/ALL/p1/b.png": "",
        "hem/._a.png": "",
    }
    images = find_folder_images(laboratory(dict.fromkeys(names) | ignored), patient_per_image=False)
    assert [(image.name, image.patient, image.label) for image in images] == [
        ("train/ALL/p1/a.tif", "p1", 1),
        ("train/ALL/p1/b.PNG", "p1", 1),
        ("train/ALL/p2/slide 3/a.jpeg", "p2", 1),
        ("train/Hem/11/c.BMP", "11", 0),
    ]
    assert {(i.phase, i.fold, i.decoder) for i in images} == {("train", -1, "picture")}


@pytest.mark.parametrize("source", [".", "cells.csv"])
def test_image_without_a_patient_is_refused_or_a_patient_of_its_own(laboratory, source):
    table = "path,label,patient\nall/a.png,all,\nall/b.png,all, \nhem/p/c.png,hem,p\n"
    names = ["all/a.png", "all/b.png", "hem/p/c.png"]
    root = laboratory(dict.fromkeys(names) | {"cells.csv": table})
    with pytest.raises(SourceError, match="2 problems") as error:
        find_folder_images(root / source, patient_per_image=False)
    assert all(f"{root / name}: no patient" in str(error.value) for name in names[:2])
    images = find_folder_images(root / source, patient_per_image=True)
    assert [image.patient for image in images] == ["all/a.png", "all/b.png", "p"]


def test_everything_wrong_with_folders_is_listed_at_once(laboratory):
    root = laboratory(
        dict.fromkeys(["all/p/a.png", "hem/p/b.png", "other/p/c.png", "hem/q/d.gif", "e.png"])
        | {"all/r/f.png": "text", "all/r/g.png": ""}
    )
    with pytest.raises(SourceError, match="7 problems") as error:
        find_folder_images(root, patient_per_image=False)
    for line in (
        "a.png: patient p has both classes; 1 image of all",
        "b.png: patient p has both classes; 1 image of hem",
        "c.png: expected all/PATIENT/IMAGE or hem/PATIENT/IMAGE",
        "d.gif: expected one of .bmp, .png",
        "e.png: expected CLASS/PATIENT/IMAGE",
        "f.png: not a BMP, PNG, TIFF or JPEG file",
        "g.png: the file is empty",
    ):
        assert line in str(error.value)


def test_missing_name_of_the_positive_class_is_no_file_to_repair(laboratory):
    root = laboratory(dict.fromkeys(["blast/p/a.png", "normal/q/b.png"]))
    with pytest.raises(SourceError) as error:
        find_folder_images(root, patient_per_image=False)
    assert str(error.value).startswith(f"{root}: Nothing says which class is the positive one")
    assert "Repair" not in str(error.value)


def test_source_without_images_says_what_is_expected(laboratory, tmp_path):
    root = laboratory({"notes.txt": "", "cells.csv": "path,label,patient\n"})
    for source in (root, root / "cells.csv"):
        with pytest.raises(SourceError, match="No images in .* Expected\n.*all/PATIENT/IMAGE"):
            find_folder_images(source, patient_per_image=True)
    with pytest.raises(FileNotFoundError, match="No such folder or table"):
        find_folder_images(tmp_path / "nowhere", patient_per_image=True)


COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "\u00c41") for form in ("NFC", "NFD"))


def find(root):
    return find_folder_images(root, patient_per_image=False)


def test_patient_id_is_text_of_one_spelling(laboratory):
    ids = ["nan", "NA", "null", "1e5", "007", "7", "CD34+_0", COMPOSED, DECOMPOSED]
    rows = [f"{number}.png,all,{name}" for number, name in enumerate(ids)]
    cells = {f"{number}.png": None for number in range(len(ids))}
    table = "path,label,patient\n" + "\n".join(rows)
    images = find(laboratory(cells | {"cells.csv": table}) / "cells.csv")
    assert [image.patient for image in images] == [*ids[:-1], COMPOSED]


def test_patient_of_both_classes_is_found_in_two_spellings(laboratory):
    root = laboratory({f"all/{COMPOSED}/a.png": None, f"hem/{DECOMPOSED}/b.png": None})
    with pytest.raises(SourceError, match=f"patient {COMPOSED} has both classes"):
        find(root)


ALIKE = [("P 1", "P\u00a01"), ("P2", "P2\u200b"), ("\uff2e3", "N3"), ("P1", "p1")]


@pytest.mark.parametrize(("one", "other"), ALIKE)
@pytest.mark.parametrize("listed", [False, True])
def test_two_patients_whose_names_look_alike_are_refused(one, other, listed, laboratory):
    names = [f"train/all/{one}/a.png", f"test/all/{other}/b.png", "train/hem/q/c.png"]
    rows = [",".join([name, *name.split("/")[:3]]) for name in names]
    table = "\n".join(["path,split,label,patient", *rows])
    root = laboratory(dict.fromkeys(names) | ({"cells.csv": table} if listed else {}))
    with pytest.raises(SourceError, match="1 problem in") as error:
        find(root / "cells.csv" if listed else root)
    (line,) = str(error.value).splitlines()[1:]
    assert f"patients {one!a} and {other!a} look alike: write one person's name in" in line
    assert "a.png" in line and "b.png" in line


def test_two_files_of_one_name_in_two_spellings_are_refused(laboratory):
    root = laboratory({f"all/p/{COMPOSED}.png": None, f"all/p/{DECOMPOSED}.png": None})
    with pytest.raises(SourceError, match="two spellings of one name"):
        find(root)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("all/p/zelle_\udce4.png", r"zelle_\xe4.png: the name is not UTF-8"),
        ("all/\udce4/a.png", r"all/\xe4/a.png: the name is not UTF-8"),
        ("all/p\nq/a.png", r"all/p\nq/a.png: the name holds a control character"),
        ("all/p/\x1b[31m.png", r"all/p/\x1b[31m.png: the name holds a control character"),
        ("all/\u202ep/a.png", r"all/\u202ep/a.png: the name holds a change of the writing"),
    ],
)
def test_name_that_cannot_be_written_is_refused_legibly(name, shown, laboratory):
    with pytest.raises(SourceError) as error:
        find(laboratory({name: None, "hem/q/b.png": None}))
    assert shown in str(error.value)
    assert len(str(error.value).splitlines()) == 2


def test_image_without_a_patient_is_not_taken_for_a_patient_called_like_it(laboratory):
    table = "path,label,patient\na.png,all,\nb.png,all,a.png\n"
    root = laboratory({"a.png": None, "b.png": None, "cells.csv": table})
    with pytest.raises(SourceError, match="another is called like this image"):
        find_folder_images(root / "cells.csv", patient_per_image=True)


def test_links_in_a_circle_give_each_image_once(laboratory):
    root = laboratory({f"{name}/{name}{n}/a.png": None for name in ("all", "hem") for n in (1, 2)})
    (root / "all/all1/there").symlink_to(root / "all/all2")
    (root / "all/all2/back").symlink_to(root / "all/all1")
    (root / "all/all1/up").symlink_to(root)
    assert [(image.name, image.patient) for image in find(root)] == [
        (f"train/{name}/{name}{n}/a.png", f"{name}{n}") for name in ("all", "hem") for n in (1, 2)
    ]


@pytest.mark.parametrize("outside", ["", "x", "x/y"])
def test_folder_that_a_link_puts_under_both_classes_is_refused(outside, laboratory, tmp_path):
    root = laboratory({"all/p/a.png": None, "hem/q/b.png": None})
    if outside:
        (tmp_path / "x/y").mkdir(parents=True)
        (root / "all/p/a.png").rename(tmp_path / "x/y/a.png")
        (root / "all/p").rmdir()
        (root / "all/p").symlink_to(tmp_path / outside)
    (root / "hem/r").symlink_to(tmp_path / "x" if outside else root / "all/p")
    with pytest.raises(SourceError, match="hem/r.*, .*all/p.*: one folder under both classes"):
        find(root)


@pytest.mark.parametrize("listed", [False, True])
def test_what_is_no_regular_file_is_never_opened(listed, laboratory):
    root = laboratory({"all/p/a.png": None, "cells.csv": "path,label,patient\nall/p/b.png,all,p\n"})
    os.mkfifo(root / "all/p/b.png")
    with pytest.raises(SourceError, match=r"b\.png: not a regular file"):
        find(root / "cells.csv" if listed else root)
    with pytest.raises(SourceError, match="is no folder and no file"):
        find(root / "all/p/b.png")


def test_image_of_one_pixel_is_refused(laboratory):
    root = laboratory({"all/p/a.png": picture(PIXELS[:1, :1]), "hem/q/b.png": None})
    with pytest.raises(
        SourceError, match=r"a\.png: expected at least 16 pixels a side; received 1x1"
    ):
        find(root)


def find_blasts(root):
    return find_folder_images(root, patient_per_image=False, positive="blast")


def test_classes_have_the_names_of_the_laboratory(laboratory):
    root = laboratory(dict.fromkeys(["Blast/p/a.png", "blast/q/b.png", "normal/r/c.png"]))
    images = find_blasts(root)
    assert [(image.patient, image.label) for image in images] == [("p", 1), ("q", 1), ("r", 0)]
    assert {image.classes for image in images} == {("normal", "Blast")}
    with pytest.raises(SourceError, match="--positive Blast, or --positive normal"):
        find(root)


def test_splits_above_the_classes_are_taken_as_they_are(laboratory):
    names = ["Train/blast/p/a.png", "train/normal/q/a.png", "validation/blast/r/a.png"]
    images = find_blasts(laboratory(dict.fromkeys([*names, "test/normal/s/a.png"])))
    assert [(image.name, image.phase) for image in images] == [
        ("train/blast/p/a.png", "train"),
        ("train/normal/q/a.png", "train"),
        ("validation/blast/r/a.png", "validation"),
        ("test/normal/s/a.png", "test"),
    ]


def test_patient_in_two_splits_is_refused_in_folders_and_tables(laboratory):
    root = laboratory(
        dict.fromkeys(["train/blast/p/a.png", "train/normal/q/a.png", "test/blast/p/b.png"])
        | {
            "cells.csv": "path,label,patient,split\ntrain/blast/p/a.png,blast,p,train\n"
            "train/normal/q/a.png,normal,q,Validation\ntest/blast/p/b.png,blast,p,test\n"
        }
    )
    for source in (root, root / "cells.csv"):
        with pytest.raises(SourceError, match=r"a\.png: patient p lies in train and test"):
            find_blasts(source)


def test_folder_beside_the_splits_is_refused(laboratory):
    names = ["train/blast/p/a.png", "train/normal/q/b.png", "blast/r/c.png", "train/d.png"]
    with pytest.raises(SourceError, match="2 problems") as error:
        find_blasts(laboratory(dict.fromkeys(names)))
    assert "c.png: expected train/, validation/ or test/ above the class" in str(error.value)
    assert "d.png: expected CLASS/PATIENT/IMAGE below train/" in str(error.value)
