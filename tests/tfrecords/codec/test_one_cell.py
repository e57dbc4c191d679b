"""A field of view is not packed as a cell by cropping its middle; a cell on black is."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REAL
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.one_cell import decode_cell
from tfrecords.sources.cnmc import SourceError
from tfrecords.sources.folders import find_folder_images

FIELDS = REAL.parent / "smear_real" / "fields"


def saved(pixels: np.ndarray, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def disc(*, shape: tuple[int, int], radius: int, at: tuple[int, int] | None = None) -> np.ndarray:
    """A bright disc on black, by default in the middle."""
    centre = at or (shape[0] // 2, shape[1] // 2)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
    return np.dstack([inside * np.uint8(150)] * 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
@pytest.mark.parametrize("shape", [(600, 600), (450, 450), (480, 640), (300, 300), (200, 700)])
def test_cell_on_black_of_any_size_passes(shape, kind):
    cell = disc(shape=shape, radius=90)
    assert decode_cell(saved(cell, kind)).size == shape[::-1]


@pytest.mark.parametrize("shape", [(480, 640), (451, 451), (450, 600), (2000, 3000)])
@pytest.mark.parametrize("background", [255, 200, 16])
def test_field_of_view_is_refused_with_what_to_do(shape, background):
    field = np.maximum(disc(shape=shape, radius=60), np.uint8(background))
    with pytest.raises(BitmapError) as error:
        decode_cell(saved(field))
    lost = shape[0] * shape[1] - min(shape[0], 450) * min(shape[1], 450)
    assert f"{lost:,} pixels beyond its central 450 px are not black" in str(error.value)
    assert "scripts/cut_cells.py" in str(error.value)


def test_cell_beside_the_middle_or_larger_than_it_is_refused():
    beside = disc(shape=(600, 600), radius=60) + disc(shape=(600, 600), radius=60, at=(80, 80))
    for pixels in (beside, disc(shape=(600, 600), radius=240)):
        with pytest.raises(BitmapError, match="a field of view, or a cell at another scale"):
            decode_cell(saved(pixels))


def test_noise_of_a_black_background_passes():
    noisy = np.random.default_rng(0).integers(0, 16, (600, 600, 3)).astype(np.uint8)
    decode_cell(saved(np.maximum(disc(shape=(600, 600), radius=90), noisy)))


def test_converter_names_each_field(unpack):
    field = saved(np.full((480, 640, 3), 200, np.uint8), "JPEG")
    cell = saved(disc(shape=(300, 300), radius=90))
    root = unpack({"all/p/field.jpg": field, "all/p/cell.png": cell, "hem/q/cell.png": cell})
    with pytest.raises(SourceError, match="1 problem in") as error:
        find_folder_images(root, patient_per_image=False)
    assert "field.jpg: 104,700 pixels beyond its central 450 px" in str(error.value)


@pytest.mark.skipif(not FIELDS.is_dir(), reason="no real fields beside the checkout")
def test_real_fields_are_refused():
    paths = sorted(FIELDS.glob("*.jpg"))[::20]
    assert len(paths) > 5
    for path in paths:
        with pytest.raises(BitmapError, match="a field of view"):
            decode_cell(path.read_bytes())
