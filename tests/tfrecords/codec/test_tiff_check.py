"""Whole TIFFs of every compression pass; holes, missing parts and further pages are refused."""

import io
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.tfrecords.codec.test_jpeg_check import CELL, NOISE, frame
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.tiff_check import check_tiff
from tfrecords.codec.tiff_pages import read_page

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


def written_by_hand(pixels: np.ndarray, *, tile: int | None, planar: bool, pack) -> bytes:
    """A TIFF of tiles or of one strip, of interleaved colours or of a plane each."""
    height, width, _ = pixels.shape
    planes = [pixels[..., [n]] for n in range(3)] if planar else [pixels]
    if tile:
        edges = [(0, -height % tile), (0, -width % tile), (0, 0)]
        planes = [np.pad(plane, edges) for plane in planes]
        starts = [(y, x) for y in range(0, height, tile) for x in range(0, width, tile)]
        parts = [p[y : y + tile, x : x + tile] for p in planes for y, x in starts]
    else:
        parts = planes
    packed = [pack(part.tobytes()) for part in parts]
    offsets = np.cumsum([8, *map(len, packed)]).tolist()
    lists = 8 + sum(map(len, packed))
    count = len(packed)
    page = lists + 8 * count
    place, length = (lists, lists + 4 * count) if count > 1 else (8, len(packed[0]))
    tags = {256: width, 257: height, 258: 8, 259: 8 if pack is zlib.compress else 1, 262: 2}
    tags |= {277: 3, 284: 2 if planar else 1}
    tags |= {322: tile, 323: tile} if tile else {278: height}
    entries = [(tag, 4, 1, value) for tag, value in tags.items()]
    entries += [
        ((324 if tile else 273), 4, count, place),
        ((325 if tile else 279), 4, count, length),
    ]
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    numbers = struct.pack(f"<{2 * count}I", *offsets[:-1], *map(len, packed))
    head = b"II*\0" + struct.pack("<I", page)
    return head + b"".join(packed) + numbers + struct.pack("<H", len(entries)) + body + bytes(4)


@pytest.mark.parametrize("pack", [zlib.compress, bytes])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("tile", [None, 16, 160])
def test_tiles_and_planes_pass_and_a_missing_part_is_refused(tile, planar, pack):
    data = written_by_hand(NOISE, tile=tile, planar=planar, pack=pack)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), NOISE)
    check(data)
    for tag, value in ((257, 200), (256, 300), (284, 1 if planar else 2)):
        with pytest.raises(BitmapError, match="damaged"):
            check(changed(data, tag, value))


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


def of_equal_parts(tags: dict[int, int], packed: bytes, num_parts: int) -> bytes:
    """A grey TIFF whose strips, or tiles where `tags` have them, are the same bytes of the file."""
    offsets, lengths = (324, 325) if 322 in tags else (273, 279)
    tags = {258: 8, 262: 1, 277: 1} | tags
    first = 8 + 2 + 12 * (len(tags) + 2) + 4
    stored = first + 8 * num_parts  # Behind the lists of offsets and of lengths.
    entries = [(tag, 4, 1, value) for tag, value in tags.items()]
    several = num_parts > 1  # One number lies in the entry itself.
    entries.append((offsets, 4, num_parts, first if several else stored))
    entries.append((lengths, 4, num_parts, first + 4 * num_parts if several else len(packed)))
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    numbers = [stored] * num_parts + [len(packed)] * num_parts
    lists = struct.pack(f"<{2 * num_parts}I", *numbers)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4) + lists + packed


DEFLATE, PACKBITS, JPEG = 8, 32773, 7
SMALL = {256: 64, 257: 64, 278: 64}  # Columns, rows, rows a strip.


@pytest.mark.parametrize(
    "data",
    [
        # Tiles of one column and four million rows, all of one stream of 4 kB.
        of_equal_parts(
            {256: 256, 257: 16, 259: DEFLATE, 322: 1, 323: 1 << 22},
            zlib.compress(bytes(1 << 22), 9),
            256,
        ),
        of_equal_parts(
            {256: 64, 257: 64, 259: DEFLATE, 322: 1 << 14, 323: (1 << 14) + 16},
            zlib.compress(bytes(1000)),
            1,
        ),
        # Bytes of PackBits that stand for nothing, read again for each of the tiles.
        of_equal_parts({256: 64, 257: 64, 259: PACKBITS, 322: 1, 323: 1}, b"\x80" * 70_000, 4096),
    ],
)
def test_parts_that_together_are_larger_than_a_picture_are_refused_before_they_are_read(data):
    start = time.process_time()
    with pytest.raises(BitmapError, match="at most 268,435,456 bytes together; received .*; save"):
        check(data)
    assert time.process_time() - start < 1


def test_tables_that_are_read_for_every_part_count():
    tags = {256: 64, 257: 64, 259: JPEG, 322: 1, 323: 1}
    data = of_equal_parts(tags, b"\xff\xd8\xff\xd9", 4096)
    tags = read_page(data) | {347: bytes(70_000)}
    with pytest.raises(BitmapError, match="286,736,384 bytes; save it in strips"):
        check_tiff(data, tags)


def test_largest_picture_passes():
    """25 million pixels of four samples of 16 bits, in 50 strips that are equal."""
    packed = zlib.compress(bytes(100 * 5000 * 8), 1)
    tags = {256: 5000, 257: 5000, 258: 16, 259: DEFLATE, 277: 4, 278: 100}
    check(of_equal_parts(tags, packed, 50))


@pytest.mark.parametrize(
    ("width", "height", "num_components"), [(65535, 65535, 1), (16384, 16385, 1), (64, 64, 255)]
)
def test_jpeg_of_a_small_tiff_takes_no_memory_for_what_it_claims(width, height, num_components):
    data = of_equal_parts(SMALL | {259: JPEG}, frame(width, height, num_components), 1)
    tracemalloc.start()
    try:
        with pytest.raises(BitmapError, match="expected at most 4 components and 268,435,456 samp"):
            check(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1e6


def test_jpegs_that_are_larger_than_their_strips_count_together(monkeypatch):
    """The last strip alone may be as high as the others: libtiff cuts it."""
    file = io.BytesIO()
    Image.fromarray(CELL[..., 0]).save(file, "JPEG")  # 300 x 300.
    tags = {256: 300, 257: 590, 259: JPEG, 278: 300}
    data = of_equal_parts(tags, file.getvalue(), 2)
    check(data)
    monkeypatch.setattr("tfrecords.codec.tiff_check._MOST_BYTES", 2 * 300 * 300 - 1)
    with pytest.raises(BitmapError, match="expected at most 4 components and 89,999 samples"):
        check(data)


@pytest.mark.parametrize("tile", [1, 5, 24])
@pytest.mark.parametrize("pack", [zlib.compress, bytes])
def test_tiles_whose_sides_are_no_multiples_of_16_pass(tile, pack):
    """The specification forbids them; libtiff reads them."""
    data = written_by_hand(NOISE, tile=tile, planar=False, pack=pack)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), NOISE)
    check(data)


@pytest.mark.parametrize("tag", [256, 257])
def test_negative_side_is_refused(tag):
    """A decompressor that is allowed -1 + 1 bytes takes it for a limit that there is not."""
    data = of_equal_parts(SMALL | {259: DEFLATE, 278: 1}, zlib.compress(bytes(1000)), 1)
    with pytest.raises(BitmapError, match="damaged: a TIFF of .*-1"):
        check_tiff(data, read_page(data) | {tag: (-1,)})


def test_negative_length_is_refused():
    data = of_equal_parts(SMALL | {259: PACKBITS}, b"\x80" * 100, 1)
    with pytest.raises(BitmapError, match="damaged: a TIFF whose pixels are cut short"):
        check_tiff(data, read_page(data) | {279: (-1,)})
