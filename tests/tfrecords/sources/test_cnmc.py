"""Folders and names of C-NMC, and every way in which they can be wrong."""

import shutil

import pytest

from tests.conftest import noise, read_rows
from tfrecords.sources.cnmc import SourceError, find_images
from tfrecords.synthetic.write import encode_bmp

TWO = {"fold_0/all/UID_11_1_1_all.bmp": 1, "fold_0/hem/UID_H11_1_1_hem.bmp": 2}


@pytest.fixture
def copy(synthetic, tmp_path):
    """A copy of the synthetic set that a test may spoil."""
    return shutil.copytree(synthetic, tmp_path / "copy")


def labels_csv(root):
    return next(root.rglob("*.csv"))


def test_every_image_of_all_phases_is_found(synthetic):
    images = find_images(synthetic.parent)  # The folder above serves as well.
    assert len(images) == len(list(synthetic.rglob("*.bmp"))) == 120
    assert [image.phase for image in images] == sorted(
        (image.phase for image in images), key=["train", "validation", "test"].index
    )
    assert len({image.name for image in images}) == 120


def test_label_1_is_leukaemia(synthetic):
    for image in find_images(synthetic):
        if image.phase == "train":
            assert image.label == {"all": 1, "hem": 0}[image.path.parent.name]
            assert image.fold == int(image.path.parent.parent.name[-1])
        if image.phase == "test":
            assert (image.label, image.patient, image.fold) == (-1, "", -1)


def test_preliminary_labels_and_patients_come_from_the_table(synthetic):
    rows = {row["new_names"]: row for row in read_rows(labels_csv(synthetic))}
    images = [image for image in find_images(synthetic) if image.phase == "validation"]
    assert [int(image.path.stem) for image in images] == list(range(1, len(rows) + 1))
    for image in images:
        row = rows[image.path.name]
        assert image.label == int(row["labels"])
        assert image.patient == row["Patient_ID"].split("_")[1]


def test_lower_case_patient_is_the_same_patient(draw_source):
    root = draw_source(
        {"fold_2/hem/UID_h3_1_1_hem.bmp": 1, "fold_2/hem/UID_H3_2_1_hem.bmp": 2}
        | {"fold_2/all/UID_3_1_1_all.bmp": 3}
    )
    assert {image.patient for image in find_images(root)} == {"H3", "3"}


def test_folders_of_any_case_are_read_and_dotfiles_are_not(draw_source):
    root = draw_source({"FOLD_1/ALL/UID_1_1_1_all.bmp": 1, "FOLD_1/ALL/.UID_1.bmp": 1})
    (image,) = find_images(root)
    assert (image.fold, image.label) == (1, 1)


def test_wrong_folder_says_what_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such folder"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="Expected the folder that holds"):
        find_images(tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fold_0/all/cell.bmp", "expected a name like UID_57_29_1_all.bmp"),
        ("fold_0/hem/UID_9_1_1_all.bmp", "the name says all, the folder hem"),
        ("elsewhere/UID_9_1_1_all.bmp", "in no folder of C-NMC"),
        ("fold_1/all/UID_11_1_1_all.bmp", "the same name 2 times"),
        ("fold_1/all/UID_H11_2_1_all.bmp", "patient H11 has both classes"),
    ],
)
def test_misplaced_or_misnamed_file_is_listed(draw_source, name, reason):
    root = draw_source(TWO | {name: 3})
    with pytest.raises(SourceError, match=reason) as error:
        find_images(root)
    assert name.split("/")[-1] in str(error.value)


def test_all_bad_files_are_listed_in_one_error(draw_source):
    root = draw_source(TWO | {f"fold_0/all/UID_1_1_{n}_all.bmp": n for n in range(3)})
    paths = sorted((root / "training_data/fold_0/all").glob("UID_1_*"))
    paths[0].write_bytes(paths[0].read_bytes()[:1000])
    paths[1].write_bytes(b"")
    paths[2].rename(paths[2].with_name("oops.bmp"))
    with pytest.raises(SourceError, match="3 problems") as error:
        find_images(root)
    for name in ("UID_1_1_0_all.bmp: cut short", "UID_1_1_1_all.bmp: the file is empty", "oops"):
        assert name in str(error.value)


def test_long_lists_are_counted(draw_source):
    root = draw_source(TWO)
    for number in range(60):
        (root / f"stray{number}.bmp").write_bytes(encode_bmp(noise(number)))
    with pytest.raises(SourceError, match="60 problems") as error:
        find_images(root)
    assert str(error.value).endswith("and 20 more")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text.replace(",1.bmp", ",9999.bmp"), "1.bmp: not in the table of labels"),
        (lambda text: text.replace(",1.bmp", ",9999.bmp"), "9999.bmp: in the table of labels, but"),
        (lambda text: text.replace(",1\n", ",0\n"), "the name says all, the label is 0"),
        (lambda text: text.replace("UID_", "ID_"), "expected a Patient_ID like"),
        (lambda text: text + text.splitlines()[1] + "\n", "the image has two rows"),
        (lambda text: text.replace("new_names", "names"), "received: none"),
    ],
)
def test_table_that_does_not_match_is_refused(copy, spoil, reason):
    table = labels_csv(copy)
    text = table.read_text()
    assert spoil(text) != text
    table.write_text(spoil(text))
    with pytest.raises(SourceError, match=reason):
        find_images(copy)


def test_missing_table_is_refused(copy):
    labels_csv(copy).unlink()
    with pytest.raises(SourceError, match="expected one CSV with the columns"):
        find_images(copy)


@pytest.mark.parametrize("name", ["*prelim_phase_data", "*final_phase_data", "fold_1/hem"])
def test_empty_folder_of_a_phase_is_listed(copy, name):
    (folder,) = (path for path in copy.rglob(name) if path.is_dir())
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(SourceError, match=f"{folder}: the folder holds no image"):
        find_images(copy)


def test_folder_nested_in_itself_is_not_empty(copy):
    (folder,) = (path for path in copy.rglob("*final_phase_data") if path.is_dir())
    inner = folder.rename(folder.with_name("aside"))
    folder.mkdir()
    inner.rename(folder / folder.name)
    assert len(find_images(copy)) == 120


def test_phase_image_without_a_number_is_listed(copy):
    path = next(copy.rglob("*final_phase*/1.bmp"))
    path.rename(path.with_name("one.bmp"))
    with pytest.raises(SourceError, match=r"one\.bmp: expected a name like 17\.bmp"):
        find_images(copy)
