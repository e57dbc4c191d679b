"""Checks that the strips or tiles of a TIFF's page unpack to all of its pixels.

Libtiff fills what it cannot unpack, and Pillow passes that on. The format is that of TIFF 6.0
(Adobe, 1992) and of its extension by Deflate.
"""

import zlib
from collections.abc import Callable, Iterator

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.jpeg_check import check_jpeg
from tfrecords.codec.png_check import damaged
from tfrecords.codec.tiff_pages import Tags

# Tags, by their names in the specification.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _COLOURS, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_EXTRAS, _FORMAT = 338, 339  # ExtraSamples, SampleFormat.
_OFFSETS, _SAMPLES, _ROWS, _LENGTHS, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS, _JPEG_TABLES = 322, 323, 324, 325, 347
_JPEG = 7
# Colours (PhotometricInterpretation) to their name and the bits a sample that are read.
_KINDS = {
    0: ("grey", (1, 2, 4, 8)),  # 0 is white.
    1: ("grey", (1, 2, 4, 8, 16)),
    2: ("RGB", (8, 16)),
    3: ("palette", (1, 2, 4, 8)),
    6: ("YCbCr", (8,)),  # Only in JPEG.
}
_COLOUR_NAMES = {4: "a mask", 5: "CMYK inks", 8: "CIE L*a*b*", 9: "CIE L*a*b*", 32803: "raw sensor"}
_MULTIPLIED, _TRANSPARENT = 1, 2  # ExtraSamples: whether the colours are multiplied by it.
# Of all strips or tiles of a page together, packed and unpacked: a tile of some bytes can stand for
# any number of pixels, and many parts for the same bytes. The largest picture, 25 million pixels of
# four samples of 16 bits, takes 200 million; the rest is for what tiles hold beyond its edges.
_MOST_BYTES = 1 << 28
_LZW_CLEAR, _LZW_END, _LZW_MOST_BITS = 256, 257, 12


def check_kind(tags: Tags) -> None:
    """Check that there is a rule for the colours and samples of a page, in docs/data.md.

    Raises:
        BitmapError: There is none.
    """
    if _COLOURS not in tags:
        raise damaged("a TIFF that does not say what its colours are")
    colours = _number(tags, _COLOURS, 0)
    bits, formats = _numbers(tags, _BITS, (1,)), _numbers(tags, _FORMAT, (1,))
    extras = _numbers(tags, _EXTRAS, ())
    samples = _number(tags, _SAMPLES, len(bits))
    name, depths = _KINDS.get(colours, (_COLOUR_NAMES.get(colours, f"colours {colours}"), ()))
    compression = _number(tags, _COMPRESSION, 1)
    known = set(formats) == {1} and len(set(bits)) == 1 and bits[0] in depths
    known &= samples == (3 if name in ("RGB", "YCbCr") else 1) + len(extras)
    known &= extras in ((), (0,), (_MULTIPLIED,), (_TRANSPARENT,))
    known &= not extras or bits[0] == 8 or name == "RGB"
    known &= name != "YCbCr" or compression == _JPEG
    if not known:
        kind = {1: "", 2: " signed", 3: " floating-point"}.get(formats[0], " unknown")
        raise BitmapError(
            "expected a TIFF of RGB, grey or palette with at most one alpha channel, 8 or 16 bits "
            f"a sample; received {name}, samples a pixel: {samples}, of {bits[0]} bits{kind}, "
            f"extra: {', '.join(map(str, extras)) or 'none'}; save it as RGB of 8 bits"
        )
    planes = _number(tags, _PLANES, 1)
    if planes not in (1, 2):
        raise damaged(f"a TIFF whose colours lie in an unknown way, {planes}")
    if planes == 2 and (extras or (bits[0] == 16 and compression == 1)):
        raise BitmapError(  # Pillow reads other values there.
            "uncompressed 16 bits, or an extra sample, in a plane for each colour; "
            "save the colours interleaved"
        )


def check_tiff(data: bytes, tags: Tags) -> None:
    """Check all strips or tiles of a page that `check_kind` knows.

    Raises:
        BitmapError: One is damaged, missing, or compressed in a way that cannot be checked, or all
            together are larger than a picture can be.
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
    left = _MOST_BYTES
    for number, (packed, expected) in enumerate(_parts(data, tags)):
        if compression == _JPEG:
            tables = bytes(tags.get(_JPEG_TABLES, b"\xff\xd8\xff\xd9"))
            # The last strip's may be as high as the others, beyond the edge of the image.
            received = check_jpeg(tables[:-2] + packed[2:], most_samples=left)
            left -= received
            if received < expected:
                raise damaged(f"part {number} of a TIFF, whose JPEG is too small")
        elif (received := unpackers[compression](packed, expected)) != expected:
            raise damaged(
                f"part {number} of a TIFF: expected {expected:,} bytes of pixels, "
                f"received {received:,}{' or more' if received > expected else ''}"
            )


def _parts(data: bytes, tags: Tags) -> Iterator[tuple[bytes, int]]:
    """Return the packed strips or tiles and the number of bytes that each should unpack to.

    All of them are checked before the first one is returned, and none is copied before its turn.
    """
    samples, width, height = (_number(tags, tag, 1) for tag in (_SAMPLES, _WIDTH, _HEIGHT))
    if width < 1 or height < 1:  # Decompressors take a negative length for none.
        raise damaged(f"a TIFF of {width}x{height} pixels")
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
    row_bytes = (across * per_pixel * _number(tags, _BITS, 1) + 7) // 8
    expected = [row_bytes * down] * num_parts
    if _TILE_WIDTH not in tags and height % down:  # The last strip may be lower; no tile is.
        expected[-1] = row_bytes * (height % down)
    expected *= planes
    places = list(zip(offsets, lengths, strict=True))
    if any(start < 8 or size < 0 or start + size > len(data) for start, size in places):
        raise damaged("a TIFF whose pixels are cut short")
    packed_bytes = sum(lengths) + len(lengths) * len(tags.get(_JPEG_TABLES, b""))
    if (most := max(sum(expected), packed_bytes)) > _MOST_BYTES:
        raise BitmapError(
            f"expected a TIFF whose parts have at most {_MOST_BYTES:,} bytes together; received "
            f"{len(places):,} of {across}x{down} pixels, {most:,} bytes; save it in strips"
        )
    return (
        (data[start : start + size], length)
        for (start, size), length in zip(places, expected, strict=True)
    )


def _number(tags: Tags, tag: int, default: int) -> int:
    return _numbers(tags, tag, (default,))[0]


def _numbers(tags: Tags, tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
    if tag not in tags:
        return default
    values = tags[tag]
    if not values or isinstance(values, bytes):
        raise damaged(f"a TIFF whose tag {tag} holds no number")
    return values


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
