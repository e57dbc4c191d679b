"""Checks that a PNG is whole: every chunk, every checksum, and every row that its header claims.

Pillow stops reading as soon as it has all pixels, so it returns those of a file whose checksums are
wrong. The format is that of the specification (W3C, 2003).
"""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import deflate

from tfrecords.codec.bmp import BitmapError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NUM_FILTERS = 5
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_HEADER = struct.Struct(">IIBBBBB")
_CHUNK = struct.Struct(">I4s")
# Colour type to samples a pixel and the bit depths that the specification allows (section 11.2.2).
_KINDS = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}
# First column and row, and steps between columns and rows, of the passes of Adam7 (section 8.2).
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


class PngHeader(NamedTuple):
    """What the chunk IHDR says, in its order; the sides are in pixels."""

    width: int
    height: int
    depth: int
    colour: int
    compression: int
    filtering: int
    interlace: int


def damaged(what: str) -> BitmapError:
    """Return the error for an image file that is not whole."""
    return BitmapError(f"damaged: {what}; copy the file again from its source")


def check_png(png: bytes | memoryview, *, most_pixels: int) -> PngHeader:
    """Check a whole PNG of any kind, and inflate its rows without more memory than they need.

    Raises:
        BitmapError: The file is damaged, or has more than `most_pixels` pixels.
    """
    header, packed = read_chunks(png)
    if header.width * header.height > most_pixels:
        raise BitmapError(
            f"expected at most {most_pixels:,} pixels; received {header.width}x{header.height}"
        )
    lengths = _row_lengths(header)
    expected = sum(lengths)
    stream = zlib.decompressobj()
    try:
        rows = stream.decompress(b"".join(packed), expected + 1)
    except zlib.error as error:
        raise damaged(str(error)) from error
    if len(rows) != expected or not stream.eof or stream.unused_data:
        raise damaged(f"expected {expected:,} bytes of pixels, all of them packed and no more")
    _check_filters(rows, lengths)
    return header


def read_chunks(png: bytes | memoryview) -> tuple[PngHeader, list[memoryview]]:
    """Read the header and the packed rows of a PNG, and check all of its chunks and checksums.

    Raises:
        BitmapError: A chunk is missing, misplaced or damaged, or bytes follow the last one.
    """
    view = memoryview(png)
    names: list[bytes] = []
    packed: list[memoryview] = []
    if view[: len(PNG_SIGNATURE)] != PNG_SIGNATURE:
        raise damaged("a PNG whose signature is wrong")
    start = len(PNG_SIGNATURE)
    while start < len(view):
        name, body = _read_chunk(view, start)
        start += _CHUNK.size + len(body) + 4
        if name == b"IHDR" and not names:
            header = _parse_header(body)
        elif name == b"IDAT":
            packed.append(body)
        names.append(name)
        if name == b"IEND":
            break
    _check_order(names)
    if start != len(view) or body:
        raise damaged("bytes after the chunk that ends the file (IEND)")
    return header, packed


def _read_chunk(view: memoryview, start: int) -> tuple[bytes, memoryview]:
    try:
        num_bytes, name = _CHUNK.unpack_from(view, start)
        (checksum,) = struct.unpack_from(">I", view, start + _CHUNK.size + num_bytes)
    except struct.error as error:
        raise damaged("a PNG that is cut short") from error
    end = start + _CHUNK.size + num_bytes
    if deflate.crc32(view[start + 4 : end]) != checksum:
        raise damaged(f"the checksum of the PNG chunk {name!r} is wrong")
    return name, view[start + _CHUNK.size : end]


def _parse_header(body: memoryview) -> PngHeader:
    if len(body) != _HEADER.size:
        raise damaged(f"a PNG header of {len(body)} bytes")
    header = PngHeader(*_HEADER.unpack(body))
    _, depths = _KINDS.get(header.colour, (0, ()))
    known = header.depth in depths and header.compression == header.filtering == 0
    if not known or header.interlace > 1 or not header.width * header.height:
        raise damaged(f"a PNG header that the specification does not allow, {header}")
    return header


def _check_order(names: Sequence[bytes]) -> None:
    """Check that each critical chunk is known, in its place, and there as often as it should be."""
    rows = [place for place, name in enumerate(names) if name == b"IDAT"]
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or names.count(b"IHDR") != 1:
        raise damaged("a PNG without its first (IHDR) or its last chunk (IEND)")
    if not rows or rows[-1] - rows[0] + 1 != len(rows):
        raise damaged("a PNG whose rows (IDAT) are missing or divided by another chunk")
    if names.count(b"PLTE") > 1 or b"PLTE" in names[rows[0] :]:
        raise damaged("a PNG with a palette (PLTE) in the wrong place")
    for name in names:
        if (name[:1].isupper() and name not in _CRITICAL) or not name.isalpha():
            raise damaged(f"a PNG with the unknown critical chunk {name!r}")


def _row_lengths(header: PngHeader) -> list[int]:
    """Return the length in bytes of each filtered row, which begins with the filter's number."""
    samples, _ = _KINDS[header.colour]
    lengths = []
    for left, top, across, down in _PASSES if header.interlace else ((0, 0, 1, 1),):
        width = -(-(header.width - left) // across)
        height = -(-(header.height - top) // down)
        if width > 0 and height > 0:
            lengths += [1 + (width * samples * header.depth + 7) // 8] * height
    return lengths


def _check_filters(rows: bytes, lengths: Sequence[int]) -> None:
    start = 0
    for length in lengths:
        if rows[start] >= _NUM_FILTERS:
            raise damaged(f"a PNG row with the unknown filter {rows[start]}")
        start += length
