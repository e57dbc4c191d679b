"""Strict reading of one BMP file: its exact pixels, or a typed refusal.

Decoders disagree on damaged and unusual bitmaps: TensorFlow returns palette indices as if they
were colours, Pillow accepts trailing bytes. Only the one form that C-NMC uses is let in, and of
that form every byte is accounted for.
"""

import struct
from pathlib import Path
from typing import NamedTuple

from PIL import Image

_FILE_HEADER = struct.Struct("<2sIHHI")  # Signature, file size, two reserved, offset of the pixels.
_INFO_HEADER = struct.Struct("<IiiHHI")  # Size, width, height, planes, bits a pixel, compression.
_HEADER_BYTES = _FILE_HEADER.size + 40  # The smallest whole header.
_INFO_SIZES = (40, 108, 124)  # BITMAPINFOHEADER and its successors, V4 and V5.
SIDES = (450, 600)  # Pixels: every published image is a square of one of these.


class BitmapError(ValueError):
    """The file is not a bitmap whose pixels can be read exactly; the message says why."""


class BitmapHeader(NamedTuple):
    """Where the pixels lie: all in bytes but for `side`, in pixels."""

    side: int
    offset: int
    stride: int
    top_down: bool


def parse_header(head: bytes, *, num_bytes: int) -> BitmapHeader:
    """Accept a 24-bit uncompressed square bitmap of a published size, and nothing else.

    Args:
        head: The first 54 bytes of the file, or more.
        num_bytes: Length of the whole file.

    Raises:
        BitmapError: Another kind of file, a cut or padded one, or another size of image.
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
    """Judge a file by its header and its length alone, without reading the pixels.

    Raises:
        BitmapError: As `parse_header` says, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            parse_header(file.read(_HEADER_BYTES), num_bytes=path.stat().st_size)
    except OSError as error:
        raise BitmapError(f"cannot be read: {error.strerror}") from error


def decode_bitmap(data: bytes) -> Image.Image:
    """The pixels of a whole BMP file.

    Returns:
        An RGB image of Pillow, which unpacks the rows; that the file holds them, no more and no
        less, is judged here.

    Raises:
        BitmapError: As `parse_header` says.
    """
    header = parse_header(data[:_HEADER_BYTES], num_bytes=len(data))
    size, rows = (header.side, header.side), memoryview(data)[header.offset :]
    direction = 1 if header.top_down else -1
    return Image.frombuffer("RGB", size, rows, "raw", "BGR", header.stride, direction)
