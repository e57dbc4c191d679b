"""Every form in which C-NMC is handed on, copies and damage within it."""

import os
from pathlib import Path

import pytest

from tests.conftest import noise
from tfrecords.sources.cnmc import (
    CountRow,
    Refused,
    SourceError,
    SourceImage,
    count_found,
    find_images,
    survey,
)
from tfrecords.sources.tree import walk
from tfrecords.synthetic.write import encode_bmp

TWO = {"fold_0/all/UID_11_1_1_all.bmp": 1, "fold_0/hem/UID_H11_1_1_hem.bmp": 2}
LABELS = """Patient_ID,new_names,labels
UID_57_29_1_all.bmp,1.bmp,1
UID_H49_35_1_hem.bmp,2.bmp,0
"""
NAMES = ["train/UID_11_1_1_all.bmp", "train/UID_H11_1_1_hem.bmp"]
NAMES += ["validation/1.bmp", "validation/2.bmp", "test/1.bmp"]


def layout(train, preliminary, final, table):
    """Five images of all phases in these folders, and the table of labels."""
    return (
        {f"{train}/{name}": seed for name, seed in TWO.items()}
        | {f"{preliminary}/1.bmp": 3, f"{preliminary}/2.bmp": 4, f"{final}/1.bmp": 5}
        | {table: LABELS}
    )


PRELIMINARY, FINAL = "C-NMC_test_prelim_phase_data", "C-NMC_test_final_phase_data"
LAYOUTS = {
    "Kaggle": layout(
        "K/training_data",
        f"K/validation_data/{PRELIMINARY}",
        f"K/testing_data/{FINAL}",
        f"K/validation_data/{PRELIMINARY}_labels.csv",
    ),
    "TCIA, table beside": layout(
        "C-NMC_training_data", PRELIMINARY, FINAL, f"{PRELIMINARY}_labels.csv"
    ),
    "TCIA, table inside": layout(
        "P/C-NMC_training_data", f"P/{PRELIMINARY}", f"P/{FINAL}", f"P/{PRELIMINARY}/labels.csv"
    ),
    "TCIA, table in a folder": layout(
        "C-NMC_training_data", PRELIMINARY, FINAL, f"{PRELIMINARY}_labels/labels.csv"
    ),
    "challenge": layout(".", "phase2", "phase3", "phase2.csv"),
    "nested in itself": layout(
        "training_data/training_data",
        f"{PRELIMINARY}/{PRELIMINARY}",
        f"{FINAL}/{FINAL}",
        f"{PRELIMINARY}/{PRELIMINARY}/phase2.csv",
    ),
    "class folder in itself": {
        "fold_0/all/all/UID_11_1_1_all.bmp": 1,
        "fold_0/HEM/hem/UID_H11_1_1_hem.bmp": 2,
        "phase2/1.bmp": 3,
        "phase2/2.bmp": 4,
        "phase3/1.bmp": 5,
        "phase2.csv": LABELS,
    },
    "upper case": {
        "FOLD_0/ALL/UID_11_1_1_all.BMP": 1,
        "FOLD_0/HEM/UID_H11_1_1_hem.Bmp": 2,
        "PHASE2/1.BMP": 3,
        "PHASE2/2.bmp": 4,
        "PHASE3/1.BMP": 5,
        "PHASE2.CSV": LABELS,
    },
}


@pytest.mark.parametrize("tree", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_gives_the_same_images(unpack, tree):
    images = find_images(unpack(tree))
    assert [image.name for image in images] == NAMES
    assert [image.patient for image in images] == ["11", "H11", "57", "H49", ""]
    assert [image.label for image in images] == [1, 0, 1, 0, -1]
    assert [image.fold for image in images] == [0, 0, -1, -1, -1]


@pytest.mark.parametrize(
    ("folder", "names"),
    [("phase2", NAMES[2:4]), ("phase3", NAMES[4:]), ("fold_0", NAMES[:2])],
)
def test_folder_of_one_phase_may_be_the_root(unpack, folder, names):
    root = unpack(LAYOUTS["challenge"]) / folder
    assert [image.name for image in find_images(root)] == names


def test_phase_may_be_absent(unpack):
    tree = {path: seed for path, seed in LAYOUTS["challenge"].items() if "fold" in path}
    assert [image.name for image in find_images(unpack(tree))] == NAMES[:2]
    assert [image.name for image in find_images(unpack({"phase3/1.bmp": 1}))] == [
        *NAMES[:2],
        "test/1.bmp",
    ]


def test_folders_above_the_root_say_nothing(unpack):
    root = unpack({f"phase2/final_phase/home/{name}": seed for name, seed in TWO.items()})
    home = root / "phase2/final_phase/home"
    assert [image.phase for image in find_images(home)] == ["train", "train"]
    (home / "stray.bmp").write_bytes(encode_bmp(noise(9)))
    with pytest.raises(SourceError, match="stray.bmp: in no folder of C-NMC"):
        find_images(home)


def test_what_systems_leave_behind_is_ignored(unpack):
    rubbish = ["phase3/.DS_Store", "phase3/._1.bmp", "__MACOSX/phase3/1.bmp", ".trash/7.bmp"]
    rubbish += [".~lock.phase2.csv#", "__MACOSX/phase2.csv", "phase2/Thumbs.db", "phase2/.x.csv"]
    root = unpack(LAYOUTS["challenge"] | dict.fromkeys(rubbish, LABELS + "rubbish"))
    assert [image.name for image in find_images(root)] == NAMES


def test_linked_folder_is_read_and_a_loop_ends(unpack, tmp_path):
    root = unpack({f"{name}": seed for name, seed in TWO.items()})
    (root / "fold_0").rename(tmp_path / "elsewhere")
    (root / "fold_0").symlink_to(tmp_path / "elsewhere")
    (root / "loop").symlink_to(root)
    assert [image.name for image in find_images(root)] == NAMES[:2]


def test_folder_that_cannot_be_looked_into_is_listed(unpack, monkeypatch):
    root, scandir = unpack(LAYOUTS["challenge"]), os.scandir

    def refuse(path):
        if str(path).endswith("phase3"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # The tests may run as root, who may read all.
    with pytest.raises(SourceError, match="phase3: cannot be read: Permission denied"):
        find_images(root)


def test_copy_is_passed_over_and_counted(unpack):
    copies = {f"{PRELIMINARY}/1.bmp": 3, "again/phase3/1.BMP": 5, "again/phase3/phase3/1.bmp": 5}
    copies |= {"copy/fold_0/all/UID_11_1_1_all.bmp": 1}
    found = survey(unpack(LAYOUTS["challenge"] | copies))
    assert [image.name for image in found.images] == NAMES
    assert (found.num_passed_over, found.refused) == (4, [])


@pytest.mark.parametrize(
    ("first", "second", "seed", "difference"),
    [
        ("phase3/1.bmp", "phase3/phase3/1.bmp", 99, "with different bytes"),
        ("fold_0/all/UID_11_1_1_all.bmp", "fold_2/all/UID_11_1_1_all.bmp", 1, "in different folds"),
    ],
)
def test_files_of_one_name_that_are_no_copies_are_listed(unpack, first, second, seed, difference):
    root = unpack(LAYOUTS["challenge"] | {second: seed})
    with pytest.raises(SourceError, match="1 problem in") as error:
        find_images(root)
    line = f"{root / first}, {root / second}: the same name 2 times, {difference}"
    assert line in str(error.value)


def test_two_copies_of_the_table_are_one(unpack):
    root = unpack(LAYOUTS["challenge"] | {"phase2/labels.csv": LABELS, "other.csv": "a,b\n"})
    assert [image.name for image in find_images(root)] == NAMES


def test_two_different_tables_are_named(unpack):
    root = unpack(LAYOUTS["challenge"] | {"phase2/labels.csv": LABELS.replace("_29_", "_30_")})
    with pytest.raises(SourceError, match="expected one CSV with the columns") as error:
        find_images(root)
    assert f"received: {root / 'phase2/labels.csv'}, {root / 'phase2.csv'}" in str(error.value)


def test_bad_bitmaps_up_to_a_number_may_be_skipped(unpack):
    root = unpack(LAYOUTS["challenge"] | {"fold_1/all/UID_1_1_1_all.bmp": "not a bitmap"})
    (root / "phase2/1.bmp").write_bytes(b"")
    found = survey(root, max_skips=2)
    assert [image.name for image in found.images] == [n for n in NAMES if n != "validation/1.bmp"]
    assert Refused(root / "phase2/1.bmp", "the file is empty") in found.refused
    assert len(found.refused) == 2
    with pytest.raises(SourceError, match="2 problems"):
        survey(root, max_skips=1)


def test_whole_copy_stands_in_for_a_damaged_one(unpack):
    root = unpack(LAYOUTS["challenge"] | {"phase3/phase3/1.bmp": 5})
    (root / "phase3/1.bmp").write_bytes(b"BM")
    found = survey(root, max_skips=1)
    assert found.images[-1].path == root / "phase3/phase3/1.bmp"
    assert found.num_passed_over == 0


def test_labels_are_never_skipped_and_everything_is_listed(unpack):
    root = unpack(LAYOUTS["challenge"] | {"phase2.csv": LABELS.replace("1.bmp,1", "1.bmp,0")})
    (root / "phase3/1.bmp").write_bytes(b"")
    with pytest.raises(SourceError, match="3 problems") as error:
        survey(root, max_skips=9)
    for reason in ("the label is 0", "1.bmp: not in the table of labels", "file is empty"):
        assert reason in str(error.value)


def test_source_of_nothing_but_bad_bitmaps_is_refused(unpack):
    with pytest.raises(SourceError, match="not a BMP file"):
        survey(unpack({"phase3/1.bmp": "\x89PNG" + 60 * " "}), max_skips=9)


def test_images_and_patients_are_counted_by_phase_fold_and_class():
    def image(phase, fold, label, patient):
        return SourceImage(Path("x"), "x", patient, label, phase, fold)

    images = [image("test", -1, -1, "")] * 3 + [image("train", 1, 0, "H1")] * 2
    images += [
        image("train", 0, label, p) for label, p in ((0, "H2"), (1, "1"), (1, "2"), (1, "1"))
    ]
    assert count_found(images) == [
        CountRow("train", 0, "all", 3, 2),
        CountRow("train", 0, "hem", 1, 1),
        CountRow("train", 1, "hem", 2, 1),
        CountRow("test", -1, "unlabelled", 3, 0),
    ]


def test_label_table_with_an_index_column_is_read(unpack):
    indexed = "".join(
        f"{number - 1 if number else ''},{line}\n"
        for number, line in enumerate(LABELS.splitlines())
    )
    images = find_images(unpack(LAYOUTS["challenge"] | {"phase2.csv": indexed}))
    assert [image.patient for image in images] == ["11", "H11", "57", "H49", ""]


def test_table_with_other_columns_is_named_with_them(unpack):
    root = unpack(LAYOUTS["challenge"] | {"phase2.csv": "name,label\n1.bmp,1\n"})
    with pytest.raises(SourceError) as error:
        find_images(root)
    found = f"received: none ({root / 'phase2.csv'} has name,label)"
    assert f"with the columns Patient_ID,new_names,labels; {found}" in str(error.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"UID_H50_1_1_hem.bmp,3.bmp,0', "line 4: a quote is not closed"),
        ("UID_H50_1_1_hem.bmp,3.bmp", "line 4: expected 3 fields"),
        ("UID_H49_35_1_hem.bmp,2.bmp,0", "line 4: .*the image has two rows"),
    ],
)
def test_bad_row_of_the_label_table_is_named_with_its_line(row, reason, unpack):
    root = unpack(LAYOUTS["challenge"] | {"phase2.csv": f"{LABELS}{row}\n"})
    with pytest.raises(SourceError, match=rf"phase2\.csv, {reason}"):
        find_images(root)


def test_links_in_a_circle_end_and_each_folder_is_read_once(unpack):
    root = unpack(dict(TWO))
    (root / "fold_0/all/there").symlink_to(root / "fold_0/hem")
    (root / "fold_0/hem/back").symlink_to(root / "fold_0/all")
    (root / "again").symlink_to(root / "fold_0")
    (root / "self").symlink_to("self")
    tree = walk(root)
    images = [path.name for path in tree.files if path.suffix == ".bmp"]
    assert images == ["UID_11_1_1_all.bmp", "UID_H11_1_1_hem.bmp"]
    assert [image.name for image in find_images(root)] == NAMES[:2]


def test_fifo_and_device_called_like_images_are_not_opened(unpack):
    root = unpack(dict(TWO))
    os.mkfifo(root / "fold_0/all/UID_1_1_1_all.bmp")
    (root / "fold_0/all/UID_2_1_1_all.bmp").symlink_to("/dev/zero")
    os.mkfifo(root / "labels.csv")
    with pytest.raises(SourceError, match="2 problems") as error:
        find_images(root)
    assert str(error.value).count("not a regular file") == 2
