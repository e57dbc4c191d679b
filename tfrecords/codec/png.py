"""Encodes and decodes the PNGs of the records: filter "up" in every row, packed by libdeflate.

A private chunk says where the cell is. Other readers skip it, as PNG's specification (W3C, 2003,
section 4.7.2) asks; a program that changes the pixels must remove it.
"""

import io
import struct
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import deflate
import numpy as np
from PIL import Image

# Of 12. A real cell takes 42.3 KB at level 1, 40.8 at 3, and 39.9 at 6, in 1.5 times the time.
_LEVEL = 3
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ENCODER = f"PNG, box, up, libdeflate {_LEVEL} of {deflate.__version__}"  # Fixes the bytes.
_EIGHT_BIT_RGB = bytes([8, 2, 0, 0, 0])
_BOX = b"boXE"  # The capitals mean: ancillary, private, not to be copied to a changed image.
_SIZE = struct.Struct(">II5s")  # Width, height, kind of image.
_PLACE = struct.Struct(">4H")  # Top, left, height, width.
_HEAD = struct.Struct(">16x II5s4x 4x4s4HI I4s")  # All bytes before the packed rows.
_BOX_CHUNK = slice(37, 49)  # The part of the head that the box's checksum covers.
_TAIL_BYTES = 4 + 12  # The checksum of the rows, and the chunk that ends the file.
_UP = 2  # PNG's number of the filter "up": the difference to the row above, modulo 256.
_BLOCK_ROWS = 16  # About the square root of a cell's height: few rows a block, and few blocks.


class Box(NamedTuple):
    """A rectangle of an image; every pixel outside it is black."""

    top: int
    left: int
    pixels: np.ndarray  # uint8 (h, w, 3).


def encode_png(image: Image.Image) -> bytes:
    """Encode an RGB image as lossless PNG; equal pixels give equal bytes.

    PNG's specification (W3C, 2003, section 9) lets the encoder choose one of five filters for each
    row. With "up" in every row numpy can undo the filter for all columns at once.
    """
    pixels = np.asarray(image)
    height, width, _ = pixels.shape
    rows = pixels.reshape(height, -1)
    filtered = np.empty((height, 1 + 3 * width), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return b"".join(
        [
            PNG_SIGNATURE,
            _chunk(b"IHDR", _SIZE.pack(width, height, _EIGHT_BIT_RGB)),
            _chunk(_BOX, _PLACE.pack(*_find_box(rows))),
            _chunk(b"IDAT", deflate.zlib_compress(filtered.data, _LEVEL)),
            _chunk(b"IEND", b""),
        ]
    )


def _find_box(rows: np.ndarray) -> tuple[int, int, int, int]:
    """Find the top, left, height and width in pixels of what is not black; zeros if all is black.

    Args:
        rows: uint8 `(height, 3 * width)`.
    """
    high = np.flatnonzero(np.bitwise_or.reduce(rows, axis=1))
    if not len(high):
        return 0, 0, 0, 0
    top, bottom = high[0], high[-1] + 1
    wide = np.flatnonzero(np.bitwise_or.reduce(rows[top:bottom], axis=0)) // 3
    return top, wide[0], bottom - top, wide[-1] + 1 - wide[0]


def decode_boxes(pngs: Sequence[bytes], *, margin: int = 0) -> list[Box]:
    """Decode the part of each RGB image that is not black, in a sixth of Pillow's time.

    The function takes several images because threads wait less for Python's lock when they make
    few large calls of numpy.

    Args:
        pngs: PNGs from `encode_png`; Pillow decodes any other PNG.
        margin: Width in pixels of the black border to keep around each part; less at the edge of
            the image.

    Raises:
        deflate.DeflateError, OSError: A PNG is damaged.
    """
    cuts = [_cut(png, margin) for png in pngs]
    boxes = iter(_undo([cut for cut in cuts if cut is not None]))
    return [
        _box_by_pillow(png, margin) if cut is None else next(boxes)
        for png, cut in zip(pngs, cuts, strict=True)
    ]


class _Cut(NamedTuple):
    """The part to decode of a PNG from `encode_png`."""

    packed: memoryview  # The compressed rows.
    side: tuple[int, int]  # Height and width of the image.
    rows: slice
    columns: slice

    @property
    def filtered(self) -> np.ndarray:
        """Differences to the row above, uint8 `(h, w, 3)`."""
        height, width = self.side
        data = deflate.zlib_decompress(self.packed, height * (1 + 3 * width))
        rows = np.frombuffer(data, np.uint8).reshape(height, 1 + 3 * width)
        return rows[:, 1:].reshape(height, width, 3)[self.rows, self.columns]


def _cut(png: bytes, margin: int) -> _Cut | None:
    """Find the part to decode; None if `encode_png` did not write the PNG."""
    if len(png) < _HEAD.size + _TAIL_BYTES:
        return None
    width, height, kind, chunk, *box, checksum, num_bytes, name = _HEAD.unpack_from(png)
    ours = (kind, chunk, name) == (_EIGHT_BIT_RGB, _BOX, b"IDAT")
    whole = len(png) == _HEAD.size + num_bytes + _TAIL_BYTES
    if not ours or not whole or crc32(png[_BOX_CHUNK]) != checksum:
        return None
    top, left, high, wide = box
    margin = margin if high else 0
    return _Cut(
        memoryview(png)[_HEAD.size : _HEAD.size + num_bytes],
        (height, width),
        slice(max(top - margin, 0), min(top + high + margin, height)),
        slice(max(left - margin, 0), min(left + wide + margin, width)),
    )


def _undo(cuts: Sequence[_Cut]) -> list[Box]:
    """Undo the filter: add up the rows of each part from top to bottom, modulo 256.

    The parts are put side by side and divided into blocks of rows, so that each addition covers
    many columns and blocks. `np.add.accumulate` is slower because it goes from pixel to pixel.
    """
    heights = [cut.rows.stop - cut.rows.start for cut in cuts]
    edges = np.cumsum([0, *(cut.columns.stop - cut.columns.start for cut in cuts)])
    num_blocks = -(-max(heights, default=0) // _BLOCK_ROWS)
    # The rows below a shorter part stay uninitialised; they are never added to a row of the part.
    blocks = np.empty((num_blocks, _BLOCK_ROWS, edges[-1], 3), np.uint8)
    rows = blocks.reshape(num_blocks * _BLOCK_ROWS, edges[-1], 3)
    places = [
        rows[:height, start:stop]
        for height, start, stop in zip(heights, edges[:-1], edges[1:], strict=True)
    ]
    for place, cut in zip(places, cuts, strict=True):
        place[:] = cut.filtered
    totals = np.add.reduce(blocks, axis=1, dtype=np.uint8)
    for block in range(1, num_blocks):
        totals[block] += totals[block - 1]
    blocks[1:, 0] += totals[:-1]
    for row in range(1, _BLOCK_ROWS):
        blocks[:, row] += blocks[:, row - 1]
    return [
        Box(cut.rows.start, cut.columns.start, place)
        for cut, place in zip(cuts, places, strict=True)
    ]


def _box_by_pillow(png: bytes, margin: int) -> Box:
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGB"))
        box = image.getbbox()
    if box is None:
        return Box(0, 0, pixels[:0, :0])
    left, top = (max(x - margin, 0) for x in box[:2])
    return Box(top, left, pixels[top : box[3] + margin, left : box[2] + margin])


def _chunk(name: bytes, data: bytes | bytearray) -> bytes:
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", crc32(name + data))
