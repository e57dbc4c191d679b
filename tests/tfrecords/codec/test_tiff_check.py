"""Whole TIFFs of every compression pass; holes, missing parts and further pages are refused."""

import io
import struct
import time

import numpy as np
import pytest
from PIL import Image

from tests.tfrecords.codec.test_jpeg_check import CELL, NOISE
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.tiff_check import check_tiff, read_page

COMPRESSIONS = [None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg"]
LOSSLESS = COMPRESSIONS[:-1]


def tiff(pixels=CELL, compression=None, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "TIFF", compression=compression, **options)
    return file.getvalue()


def check(data: bytes) -> None:
    check_tiff(data, read_page(data))


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize(
    "options", [{}, {"tiffinfo": {317: 2}}, {"tiffinfo": {278: 8}}, {"big_tiff": True}]
)
@pytest.mark.parametrize("pixels", [CELL, NOISE, CELL[..., 0], np.zeros((8, 9, 3), np.uint8)])
def test_whole_tiff_passes(pixels, options, compression):
    check(tiff(pixels, compression, **options))


def pixels_of(data: bytes) -> slice:
    """Where the first strip is."""
    tags = read_page(data)
    return slice(tags[273][0], tags[273][0] + tags[279][0])


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\x5a"])
def test_hole_is_refused(compression, filling):
    data = tiff(compression=compression)
    strip = pixels_of(data)
    middle = (strip.start + strip.stop) // 2
    holed = data[:middle] + filling * 200 + data[middle + 200 :]
    with pytest.raises(BitmapError, match="damaged"):
        check(holed)


def changed(data: bytes, tag: int, value: int) -> bytes:
    """A tag of a little-endian file with another first value, of 32 bits."""
    (page,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, page)
    out = bytearray(data)
    for place in range(page + 2, page + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, place)[0] == tag:
            struct.pack_into("<HII", out, place + 2, 4, 1, value)
            return bytes(out)
    raise KeyError(tag)


@pytest.mark.parametrize("compression", LOSSLESS)
@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (257, 299),  # Rows.
        (257, 301),
        (256, 299),  # Columns.
        (273, 0),  # Where the strip begins.
        (273, 10**9),
        (279, 10),  # Its length.
        (279, 10**9),
        (278, 1),  # Rows a strip.
    ],
)
def test_tag_that_was_changed_is_refused(compression, tag, value):
    data = tiff(np.ascontiguousarray(CELL), compression, strip_size=10**7)
    with pytest.raises(BitmapError, match="damaged"):
        check(changed(data, tag, value))


@pytest.mark.parametrize("value", [4, 34925, 50000])
def test_compression_that_cannot_be_checked_is_refused_with_what_to_do(value):
    with pytest.raises(BitmapError, match="save it uncompressed or with Deflate"):
        check(changed(tiff(), 259, value))


def test_thousands_of_pages_are_not_counted():
    page = struct.pack("<H", 0)
    pages = b"".join(page + struct.pack("<I", 8 + 6 * (n + 1)) for n in range(200_000))
    start = time.process_time()
    with pytest.raises(BitmapError, match="received 2 or more pages"):
        read_page(b"II*\0" + struct.pack("<I", 8) + pages)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "data",
    [
        b"II*\0",
        b"II*\0" + struct.pack("<I", 2**31),
        b"II*\0" + struct.pack("<IH", 8, 65535),
        b"II*\0" + struct.pack("<IHHHII", 8, 1, 256, 4, 2**31, 8) + bytes(4),
        b"II*\0" + struct.pack("<IHHHII", 8, 1, 256, 4, 4, 10**9) + bytes(4),
        b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 2**64 - 1),
        b"II*\1" + bytes(100),
    ],
)
def test_damaged_tags_are_refused(data):
    with pytest.raises(BitmapError, match="damaged"):
        read_page(data)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_changed_bytes_anywhere_are_refused_or_pass_and_nothing_else(compression):
    rng = np.random.default_rng(3)
    data = tiff(NOISE, compression)
    for _ in range(200):
        other = bytearray(data)
        place = rng.integers(0, len(data)) if rng.random() < 0.5 else rng.integers(-250, 0)
        other[place] = rng.integers(0, 256)
        try:
            check(bytes(other))
        except BitmapError:
            continue
