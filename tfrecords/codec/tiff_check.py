"""Checks that a TIFF holds one page, and that its strips or tiles unpack to all of its pixels.

Libtiff fills what it cannot unpack, and Pillow passes that on. The format is that of TIFF 6.0
(Adobe, 1992) and of its extension by Deflate; BigTIFF's longer fields are known, too.
"""

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.jpeg_check import check_jpeg
from tfrecords.codec.png_check import damaged

_TYPE_CODES = {1: "B", 2: "s", 3: "H", 4: "I", 6: "b", 7: "s", 8: "h", 9: "i", 16: "Q"}
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TYPE_BYTES |= {13: 4, 16: 8, 17: 8, 18: 8}
# Tags, by their names in the specification.
_WIDTH, _HEIGHT, _COMPRESSION, _FILL_ORDER = 256, 257, 259, 266
_OFFSETS, _SAMPLES, _ROWS, _LENGTHS, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS, _JPEG_TABLES = 322, 323, 324, 325, 347
_JPEG = 7
_MOST_BYTES = 1 << 28  # Of one strip or tile.
_LZW_CLEAR, _LZW_END, _LZW_MOST_BITS = 256, 257, 12


class _Layout(NamedTuple):
    """Struct codes and sizes of the fields of TIFF or BigTIFF."""

    entries: str  # Their number.
    offset: str
    entry: str  # Tag, type and number of values.
    inline_bytes: int


_CLASSIC, _BIG = _Layout("H", "I", "HHI", 4), _Layout("Q", "Q", "HHQ", 8)
Tags = dict[int, tuple[int, ...] | bytes]


def read_page(data: bytes) -> Tags:
    """Read the tags of the only page; no value is longer than the file, nor all of them together.

    Raises:
        BitmapError: There are several pages, or the tags are damaged.
    """
    tags, following = read_first_page(data)
    if following:
        raise BitmapError(
            "expected one image a file; received 2 or more pages; save one of them as a file"
        )
    return tags


def read_first_page(data: bytes) -> tuple[Tags, int]:
    """Read the tags of the first page, and where the next one begins; 0 if there is none.

    EXIF has this form, too. Pillow copies each value, also where all are one part of the file.

    Raises:
        BitmapError: The tags are damaged.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    try:
        if order is None:
            raise damaged("a TIFF or EXIF without its byte order")
        (version,) = struct.unpack_from(order + "H", data, 2)
        if version not in (42, 43):
            raise damaged(f"a TIFF of the unknown version {version}")
        layout, start = (_BIG, 8) if version == 43 else (_CLASSIC, 4)
        (page,) = struct.unpack_from(order + layout.offset, data, start)
        return _read_tags(data, order, layout, page)
    except (struct.error, OverflowError) as error:
        raise damaged("a TIFF whose tags are cut short") from error


def _read_tags(data: bytes, order: str, layout: _Layout, page: int) -> tuple[Tags, int]:
    (count,) = struct.unpack_from(order + layout.entries, data, page)
    entry = struct.Struct(order + layout.entry)
    step = entry.size + layout.inline_bytes
    start = page + struct.calcsize(layout.entries)
    if start + count * step > len(data):
        raise damaged("a TIFF whose tags are cut short")
    tags: Tags = {}
    budget = len(data)
    for place in range(start, start + count * step, step):
        tag, kind, number = entry.unpack_from(data, place)
        num_bytes = number * _TYPE_BYTES.get(kind, 1)
        budget -= num_bytes
        if budget < 0:
            raise damaged("a TIFF whose tags are larger than the file")
        value = place + entry.size
        if num_bytes > layout.inline_bytes:
            (value,) = struct.unpack_from(order + layout.offset, data, value)
        if value + num_bytes > len(data):
            raise damaged("a TIFF whose tags are cut short")
        if kind in _TYPE_CODES:
            values = struct.unpack_from(f"{order}{number}{_TYPE_CODES[kind]}", data, value)
            tags[tag] = values[0] if _TYPE_CODES[kind] == "s" else values
    (following,) = struct.unpack_from(order + layout.offset, data, start + count * step)
    return tags, following


def check_tiff(data: bytes, tags: Tags) -> None:
    """Check all strips or tiles of a page of 8 bits a sample that Pillow can decode.

    Raises:
        BitmapError: One is damaged, missing, or compressed in a way that cannot be checked.
    """
    compression = _number(tags, _COMPRESSION, 1)
    unpackers: dict[int, Callable[[bytes, int], int]] = {
        1: lambda packed, _: len(packed),
        5: _lzw_length,
        8: _deflated_length,
        32946: _deflated_length,
        32773: _packbits_length,
    }
    if compression not in (*unpackers, _JPEG) or _number(tags, _FILL_ORDER, 1) != 1:
        raise BitmapError(
            f"a TIFF of compression {compression} that cannot be checked for damage; "
            "save it uncompressed or with Deflate"
        )
    for number, (packed, expected) in enumerate(_parts(data, tags)):
        if compression == _JPEG:
            tables = bytes(tags.get(_JPEG_TABLES, b"\xff\xd8\xff\xd9"))
            if check_jpeg(tables[:-2] + packed[2:]) < expected:
                raise damaged(f"part {number} of a TIFF, whose JPEG is too small")
        elif (received := unpackers[compression](packed, expected)) != expected:
            raise damaged(
                f"part {number} of a TIFF: expected {expected:,} bytes of pixels, "
                f"received {received:,}{' or more' if received > expected else ''}"
            )


def _parts(data: bytes, tags: Tags) -> list[tuple[bytes, int]]:
    """Return the packed strips or tiles and the number of bytes that each should unpack to."""
    samples, width, height = (_number(tags, tag, 1) for tag in (_SAMPLES, _WIDTH, _HEIGHT))
    planes = samples if _number(tags, _PLANES, 1) == 2 else 1
    per_pixel = samples // planes
    if _TILE_WIDTH in tags:
        offsets, lengths = tags.get(_TILE_OFFSETS, ()), tags.get(_TILE_LENGTHS, ())
        across, down = (max(_number(tags, tag, 1), 1) for tag in (_TILE_WIDTH, _TILE_HEIGHT))
        num_parts = -(-width // across) * -(-height // down)
    else:
        offsets, lengths = tags.get(_OFFSETS, ()), tags.get(_LENGTHS, ())
        across, down = width, max(min(_number(tags, _ROWS, height), height), 1)
        num_parts = -(-height // down)
    if not num_parts * planes == len(offsets) == len(lengths):
        raise damaged(
            f"a TIFF with {len(offsets):,} parts and {len(lengths):,} lengths; "
            f"expected {num_parts * planes:,} of each"
        )
    if across * down * samples > _MOST_BYTES:
        raise BitmapError(f"a TIFF with parts of {across}x{down} pixels; save it in strips")
    expected = [across * down * per_pixel] * num_parts
    if _TILE_WIDTH not in tags and height % down:  # The last strip may be lower; no tile is.
        expected[-1] = across * (height % down) * per_pixel
    expected *= planes
    places = list(zip(offsets, lengths, strict=True))
    if any(start < 8 or start + size > len(data) for start, size in places):
        raise damaged("a TIFF whose pixels are cut short")
    return [
        (data[start : start + size], length)
        for (start, size), length in zip(places, expected, strict=True)
    ]


def _number(tags: Tags, tag: int, default: int) -> int:
    values = tags.get(tag, (default,))
    if not values or isinstance(values, bytes):
        raise damaged(f"a TIFF whose tag {tag} holds no number")
    return values[0]


def _deflated_length(packed: bytes, expected: int) -> int:
    stream = zlib.decompressobj()
    try:
        length = len(stream.decompress(packed, expected + 1))
    except zlib.error as error:
        raise damaged(f"a part of a TIFF: {error}") from error
    if length == expected and not stream.eof:
        raise damaged("a part of a TIFF whose checksum is missing")
    return length


def _packbits_length(packed: bytes, expected: int) -> int:
    """Return the unpacked length of runs (TIFF 6.0, section 9)."""
    length = place = 0
    while place < len(packed):
        code = packed[place]
        literal = code + 1 if code < 128 else 1
        length += literal if code < 128 else (257 - code) % 129
        place += 1 + (literal if code != 128 else 0)
    return length if place == len(packed) else -1


def _lzw_length(packed: bytes, expected: int) -> int:
    """Return the unpacked length of LZW codes (TIFF 6.0, section 13); -1 if one is impossible.

    Some programs leave out the code that ends a strip. Only the lengths of the strings are kept,
    since the pixels are Pillow's to decode.
    """
    lengths, before, total, position = [1] * 256 + [0, 0], 0, 0, 0
    padded, width = packed + bytes(3), 9
    while position + width <= 8 * len(packed) and total <= expected:
        window = int.from_bytes(padded[position >> 3 : (position >> 3) + 3])
        code = window >> (24 - width - (position & 7)) & (1 << width) - 1
        position += width
        if code == _LZW_END:
            return total if 8 * len(packed) - position < 16 else -1
        if code == _LZW_CLEAR:
            lengths, before, width = lengths[:258], 0, 9
            continue
        if code > len(lengths) or (code == len(lengths) and not before):
            return -1
        if before:
            lengths.append(before + 1)
        if code >= len(lengths):
            return -1
        before = lengths[code]
        total += before
        width = min(max((len(lengths) + 1).bit_length(), 9), _LZW_MOST_BITS)
    return total
