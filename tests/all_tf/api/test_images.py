"""Arrays are measured as files of the same pixels are, and what is no image is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from all_tf.api.images import cells_of, checked_images, patient_function
from tests.conftest import noise


def test_array_becomes_the_cell_that_its_file_becomes(tmp_path):
    pixels = np.stack([noise(1), noise(2)])
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(tmp_path / f"{number}.png")
    files, arrays = _cells(tmp_path), _cells(pixels)
    assert arrays.cells.pngs.tolist() == files.cells.pngs.tolist()
    assert arrays.cells.names.tolist() == ["image 0", "image 1"]
    one = _cells([str(tmp_path / "1.png")])
    assert one.cells.pngs.tolist() == _cells(pixels[1]).cells.pngs.tolist()


def test_black_image_is_a_problem():
    new = _cells(np.zeros((2, 450, 450, 3), np.uint8))
    assert not len(new.cells) and new.problems[1].startswith("image 1: ")


def test_images_are_taken_from_any_iterable(tmp_path):
    images = [noise(1), noise(2)[:300]]
    paths = [tmp_path / "0.png", tmp_path / "1.png"]
    for path, each in zip(paths, images, strict=True):
        Image.fromarray(each).save(path)
    listed = _cells(images).cells.pngs.tolist()
    assert len(listed) == 2 and _cells(each for each in images).cells.pngs.tolist() == listed
    assert _cells(path for path in paths).cells.pngs.tolist() == listed


@pytest.mark.parametrize(
    ("images", "received"),
    [
        (np.zeros((450, 450), np.uint8), r"uint8 of shape \(450, 450\)"),
        (np.zeros((1, 9, 9, 4), np.uint8), r"uint8 of shape \(1, 9, 9, 4\)"),
        (np.zeros((9, 9, 3)), "float64 of shape"),
        (np.zeros((0, 0, 3), np.uint8), r"uint8 of shape \(0, 0, 3\)"),
        ([np.zeros((9, 9, 3), np.uint8), "cell.png"], "str"),
        ([Image.new("RGB", (9, 9))], "Image"),
        (b"cell.png", "bytes"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_image_is_refused(images, received):
    with pytest.raises(ValueError, match=f"Expected paths, or images as uint8.*{received}"):
        checked_images(images)


def test_no_image_is_refused(tmp_path):
    for images in ([], iter(()), np.zeros((0, 9, 9, 3), np.uint8)):
        with pytest.raises(ValueError, match="Expected one image at least"):
            checked_images(images)
    with pytest.raises(FileNotFoundError, match="No such image or folder: .*none.png"):
        checked_images([tmp_path / "none.png"])


@pytest.mark.parametrize("word", ["folder", Path("folder")])
def test_arrays_have_no_folder_that_names_their_patient(word):
    said = 'arrays, with patients="folder". Pass a function from "image 0"'
    with pytest.raises(ValueError, match=said):
        patient_function(word, [noise(1)])
    assert patient_function(word, [Path("P1/a.png")])("P1/a.png") == "P1"
    assert patient_function({"image 0": "P1"}.get, [noise(1)])("image 0") == "P1"
    assert patient_function(None, [noise(1)]) is None


def test_table_and_function_name_patients(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text("path,patient\na.png,P1\n")
    image = tmp_path / "a.png"
    assert patient_function(table, [image])(str(image)) == "P1"
    assert patient_function(lambda path: float("nan"), [image])(str(image)) == ""


def _cells(images):
    return cells_of(checked_images(images), None)
