"""Arrays are measured as files of the same pixels are, and what is no image is refused."""

import numpy as np
import pytest
from PIL import Image

from all_tf.api.images import cells_of
from tests.conftest import noise


def test_array_becomes_the_cell_that_its_file_becomes(tmp_path):
    pixels = np.stack([noise(1), noise(2)])
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(tmp_path / f"{number}.png")
    files = cells_of(tmp_path, None)
    arrays = cells_of(pixels, None)
    assert arrays.cells.pngs.tolist() == files.cells.pngs.tolist()
    assert arrays.cells.names.tolist() == ["image 0", "image 1"]
    one = cells_of([str(tmp_path / "1.png")], None)
    assert one.cells.pngs.tolist() == cells_of(pixels[1], None).cells.pngs.tolist()


def test_black_image_is_a_problem():
    new = cells_of(np.zeros((2, 450, 450, 3), np.uint8), None)
    assert not len(new.cells) and new.problems[1].startswith("image 1: ")


@pytest.mark.parametrize(
    "array", [np.zeros((450, 450), np.uint8), np.zeros((1, 9, 9, 4), np.uint8), np.zeros((9, 9, 3))]
)
def test_what_is_no_image_is_refused(array):
    with pytest.raises(ValueError, match="Expected paths, or images as uint8"):
        cells_of(array, None)
