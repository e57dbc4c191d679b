"""Every reader of picture files refuses a damaged one, and reads the same pixels as the others."""

import io
import re
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from all_tf.data.image_files import read_new_cells
from tests.conftest import ROOT, noise
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.encoding import encode_images
from tfrecords.sources.cnmc import SourceError
from tfrecords.sources.folders import find_folder_images

# Modules that may open pictures: the decoders, and readers of what the program itself wrote.
OPENING = {
    "tfrecords/codec/pictures.py",
    "tfrecords/codec/png.py",
    "all_tf/benchmarks/refusals.py",
    "all_tf/data/disturbances.py",
    "all_tf/data/training_range.py",
    "all_tf/evaluation/known_cells.py",
    "all_tf/page/reading.py",  # Counts pixels by the header; makes small copies of what was read.
    "all_tf/plots/cell_images.py",
    "all_tf/reports/html_report/images.py",
}
PIXELS = noise(0, side=300)


def saved(kind: str, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind, **options)
    return file.getvalue()


def wrong_checksum() -> bytes:
    data = bytearray(saved("PNG"))
    data[-16] ^= 1  # Of the last chunk of rows.
    return bytes(data)


def wrong_checksum_of_a_note() -> bytes:
    png = saved("PNG")
    note = b"tEXtname\0text"
    checksum = (zlib.crc32(note) ^ 1).to_bytes(4)
    return png[:33] + (len(note) - 4).to_bytes(4) + note + checksum + png[33:]


def extraneous_jpeg() -> bytes:
    """Libjpeg: "Corrupt JPEG data: extraneous bytes before marker"."""
    data = saved("JPEG", quality=90)
    return data[:-2] + b"\x12\x34\x56" + data[-2:]


def cut_jpeg() -> bytes:
    """Libjpeg: "Corrupt JPEG data: premature end of data segment"."""
    data = saved("JPEG", quality=90)
    return data[: len(data) // 2] + b"\xff\xd9"


def holed_tiff() -> bytes:
    data = saved("TIFF", compression="tiff_adobe_deflate")
    return data[:200] + bytes(100) + data[300:]


DAMAGED = [
    wrong_checksum(),
    wrong_checksum_of_a_note(),
    saved("PNG")[:-12],
    extraneous_jpeg(),
    cut_jpeg(),
    holed_tiff(),
    saved("TIFF")[:-100],
    saved("BMP")[:-100],
    saved("BMP") + bytes(8),
]


def by_converter(path) -> bytes:
    """Both times that the converter reads: when it looks for images, and when it encodes them."""
    try:
        find_folder_images(path.parents[2], patient_per_image=False)
    except SourceError as error:
        with pytest.raises(BitmapError):
            encode_images([path], path.parents[2] / "spool", decoders=["picture"])
        raise BitmapError(str(error)) from error
    encode_images([path], path.parents[2] / "spool", decoders=["picture"])
    return (path.parents[2] / "spool").read_bytes()


def by_predict(path) -> bytes:
    new = read_new_cells([path], None)
    if new.problems:
        raise BitmapError("\n".join(new.problems))
    return new.cells.pngs[0]


READERS = [by_converter, by_predict]


@pytest.fixture
def place(tmp_path):
    """A function that puts a picture where both classes have one, and returns its path."""

    def put(data: bytes):
        for name in ("all/p/cell.png", "hem/q/other.png"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(saved("PNG"))
        (tmp_path / "all/p/cell.png").write_bytes(data)
        return tmp_path / "all/p/cell.png"

    return put


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("data", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_file_is_refused_by_every_reader(read, data, place):
    with pytest.raises(BitmapError, match=r"cell\.png: damaged: .*; copy the file again"):
        read(place(data))


def tiff_of_16_bits() -> bytes:
    file = io.BytesIO()
    pixels = PIXELS.astype(np.uint16) << 8 | 99
    tifffile.imwrite(file, pixels, photometric="rgb", compression="zlib", ome=True)
    return file.getvalue()


def png_with_alpha() -> bytes:
    file = io.BytesIO()
    alpha = np.where(PIXELS.any(axis=-1), 255, 0).astype(np.uint8)
    shown = np.where(alpha[..., None] > 0, PIXELS, 200).astype(np.uint8)  # Hidden behind it.
    Image.fromarray(np.dstack([shown, alpha])).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("data", [saved("PNG"), saved("BMP"), tiff_of_16_bits(), png_with_alpha()])
def test_lossless_files_keep_their_pixels_in_every_reader(read, data, place):
    found = np.asarray(Image.open(io.BytesIO(read(place(data)))))
    np.testing.assert_array_equal(found[75:375, 75:375], PIXELS)
    assert not found[:75].any() and not found[:, :75].any()


def test_no_other_module_opens_pictures():
    paths = [
        path for top in ("all_tf", "tfrecords", "scripts") for path in ROOT.glob(f"{top}/**/*.py")
    ]
    opens = re.compile(r"Image\.open\(|\bdecode_(jpeg|bmp|image)\(|\bimread\(")
    found = {path.relative_to(ROOT).as_posix() for path in paths if opens.search(path.read_text())}
    assert found == OPENING
