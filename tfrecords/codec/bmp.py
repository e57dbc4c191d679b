"""Reads one BMP file strictly: the result is its exact pixels or a BitmapError.

Decoders disagree on damaged and unusual bitmaps: TensorFlow returns palette indices as if they
were colours, Pillow accepts trailing bytes. This module accepts only the one form that C-NMC uses,
and checks that no byte is missing or left over.
"""

import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from tfrecords.codec.regular_file import open_regular

_FILE_HEADER = struct.Struct("<2sIHHI")  # Signature, file size, two reserved, offset of the pixels.
_INFO_HEADER = struct.Struct("<IiiHHI")  # Size, width, height, planes, bits a pixel, compression.
_HEADER_BYTES = _FILE_HEADER.size + 40  # The smallest whole header.
_INFO_SIZES = (40, 108, 124)  # BITMAPINFOHEADER and its successors, V4 and V5.
SIDES = (450, 600)  # Pixels: every published image is a square of one of these.


class BitmapError(ValueError):
    """The file is not a bitmap whose pixels can be read exactly; the message says why."""


class BitmapHeader(NamedTuple):
    """Where the pixels are in the file; `side` in pixels, `offset` and `stride` in bytes."""

    side: int
    offset: int
    stride: int
    top_down: bool


def parse_header(head: bytes, *, num_bytes: int) -> BitmapHeader:
    """Parse the header of a 24-bit uncompressed square bitmap of a published size.

    Args:
        head: The first 54 bytes of the file, or more.
        num_bytes: Length of the whole file.

    Raises:
        BitmapError: The file is of another kind, is cut or padded, or has another image size.
    """
    if num_bytes == 0:
        raise BitmapError("the file is empty")
    if head[:2] != b"BM":
        raise BitmapError(f"not a BMP file: it begins with {head[:4]!r}, not b'BM'")
    if len(head) < _HEADER_BYTES:
        raise BitmapError(f"cut inside the header: {num_bytes} bytes")
    offset = _FILE_HEADER.unpack_from(head)[-1]
    size, width, height, planes, bits, compression = _INFO_HEADER.unpack_from(
        head, _FILE_HEADER.size
    )
    if size not in _INFO_SIZES:
        raise BitmapError(f"unknown header of {size} bytes; expected one of {_INFO_SIZES}")
    if (planes, bits, compression) != (1, 24, 0):
        raise BitmapError(
            f"expected 24 bits a pixel, uncompressed; received {bits} bits, "
            f"compression {compression}, {planes} planes"
        )
    if width not in SIDES or abs(height) != width:
        raise BitmapError(f"expected 450x450 or 600x600 pixels; received {width}x{height}")
    if offset < _FILE_HEADER.size + size:
        raise BitmapError(f"the pixels begin inside the header, at byte {offset}")
    stride = (3 * width + 3) // 4 * 4  # Rows are padded to whole 32-bit words.
    expected = offset + stride * width
    if num_bytes != expected:
        kind = "cut short" if num_bytes < expected else "trailing bytes"
        raise BitmapError(f"{kind}: expected {expected:,} bytes, received {num_bytes:,}")
    return BitmapHeader(side=width, offset=offset, stride=stride, top_down=height < 0)


def check_bitmap(path: Path) -> None:
    """Check the header and the length of a file, without reading its pixels.

    Raises:
        BitmapError: `parse_header` refuses the file, or it cannot be read.
    """
    try:
        with open_regular(path) as file:
            num_bytes = os.fstat(file.fileno()).st_size
            parse_header(file.read(_HEADER_BYTES), num_bytes=num_bytes)
    except OSError as error:
        raise BitmapError(f"cannot be read: {error.strerror}") from error


def decode_bitmap(data: bytes) -> Image.Image:
    """Decode a whole BMP file.

    Returns:
        An RGB image. Pillow unpacks the rows; this module checks that the file holds exactly them.

    Raises:
        BitmapError: `parse_header` refuses the file.
    """
    header = parse_header(data[:_HEADER_BYTES], num_bytes=len(data))
    size, rows = (header.side, header.side), np.frombuffer(data, np.uint8, offset=header.offset)
    direction = 1 if header.top_down else -1
    return Image.frombuffer("RGB", size, rows, "raw", "BGR", header.stride, direction)
