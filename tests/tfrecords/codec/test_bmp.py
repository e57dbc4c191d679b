"""Exact pixels, or a refusal that says why."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.conftest import noise
from tfrecords.codec.bmp import BitmapError, check_bitmap, decode_bitmap
from tfrecords.synthetic.write import encode_bmp

GOOD = encode_bmp(noise(1))


def patched(offset: int, layout: str, value: int) -> bytes:
    data = bytearray(GOOD)
    struct.pack_into(layout, data, offset, value)
    return bytes(data)


@pytest.mark.parametrize("header_size", [40, 124])
@pytest.mark.parametrize("side", [450, 600])
def test_pixels_are_those_of_pillow_and_tensorflow(header_size, side):
    data = encode_bmp(noise(2, side), header_size=header_size)
    decoded = np.asarray(decode_bitmap(data))
    np.testing.assert_array_equal(decoded, noise(2, side))
    np.testing.assert_array_equal(decoded, np.asarray(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(decoded, tf.io.decode_bmp(data).numpy())


def test_top_down_rows_are_read_in_their_order():
    data = patched(22, "<i", -450)
    decoded = np.asarray(decode_bitmap(data))
    np.testing.assert_array_equal(decoded, noise(1)[::-1])
    np.testing.assert_array_equal(decoded, np.asarray(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(decoded, tf.io.decode_bmp(data).numpy())


def by_pillow(mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(1)).convert(mode).save(buffer, "BMP")
    return buffer.getvalue()


def header_only(*, bits: int, compression: int = 0, side: int = 450) -> bytes:
    """A whole file of another kind: header, palette and as many bytes of pixels as it claims."""
    body = bytes((bits * side + 31) // 32 * 4 * side)
    head = struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54)
    head += struct.pack("<IiiHHIIiiII", 40, side, side, 1, bits, compression, len(body), 0, 0, 0, 0)
    return head + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"BM" + bytes(20), "cut inside the header"),
        (GOOD[:-1], "cut short"),
        (GOOD[:300_000], "cut short"),
        (GOOD + b"\0", "trailing bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a BMP file"),
        (by_pillow("1"), "received 1 bits"),
        (by_pillow("P"), "received 8 bits"),
        (header_only(bits=16), "received 16 bits"),
        (header_only(bits=8, compression=1), "received 8 bits, compression 1"),  # RLE8.
        (header_only(bits=32), "received 32 bits"),
        (patched(30, "<I", 1), "compression 1"),
        (patched(14, "<I", 12), "unknown header of 12 bytes"),
        (GOOD[:18] + struct.pack("<ii", 60_000, 60_000) + GOOD[26:], "received 60000x60000"),
        (patched(18, "<i", 60_000), "received 60000x450"),
        (patched(22, "<i", -(2**31)), "received 450x-2147483648"),
        (patched(10, "<I", 20), "inside the header"),
        (patched(26, "<H", 2), "2 planes"),
    ],
)
def test_anything_else_is_refused_with_its_reason(data, reason, tmp_path):
    with pytest.raises(BitmapError, match=reason):
        decode_bitmap(data)
    path = tmp_path / "image.bmp"
    path.write_bytes(data)
    with pytest.raises(BitmapError, match=reason):
        check_bitmap(path)


def test_unreadable_file_is_refused(tmp_path):
    with pytest.raises(BitmapError, match="cannot be read"):
        check_bitmap(tmp_path / "missing.bmp")
