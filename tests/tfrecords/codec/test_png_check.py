"""PNGs of any encoder give the pixels that Pillow gives, or are refused; never other pixels."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.png import check_record, decode_boxes, encode_png
from tfrecords.codec.png_check import PNG_SIGNATURE, check_png

MOST = 450**2
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)]
PASSES += [(0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def filtered(pixels: np.ndarray, filters: np.ndarray) -> bytes:
    """The rows of the specification, section 9, one by one."""
    height, width, _ = pixels.shape
    rows = pixels.reshape(height, 3 * width).astype(int)
    out, above = [], np.zeros(3 * width, int)
    for row, number in zip(rows, filters, strict=True):
        left = np.concatenate([np.zeros(3, int), row])[: 3 * width]
        corner = np.concatenate([np.zeros(3, int), above])[: 3 * width]
        guess = left + above - corner
        order = np.abs([guess - left, guess - above, guess - corner]).argmin(axis=0)
        paeth = np.choose(order, [left, above, corner])
        taken = [0, left, above, (left + above) // 2, paeth][number]
        out.append(bytes([number]) + ((row - taken) % 256).astype(np.uint8).tobytes())
        above = row
    return b"".join(out)


def encode(pixels: np.ndarray, rng, *, interlace=False, extra=b"", num_parts=1) -> bytes:
    height, width, _ = pixels.shape
    if interlace:
        parts = [pixels[top::down, left::across] for left, top, across, down in PASSES]
        parts = [part for part in parts if part.size]
    else:
        parts = [pixels]
    rows = b"".join(filtered(part, rng.integers(0, 5, len(part))) for part in parts)
    packed = zlib.compress(rows, int(rng.integers(0, 10)))
    cuts = np.sort(rng.integers(0, len(packed) + 1, num_parts - 1)).tolist()
    idat = [packed[a:b] for a, b in zip([0, *cuts], [*cuts, len(packed)], strict=True)]
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlace))
    return b"".join(
        [PNG_SIGNATURE, chunk(b"IHDR", head), extra]
        + [chunk(b"IDAT", part) for part in idat]
        + [chunk(b"IEND", b"")]
    )


def cell(rng) -> np.ndarray:
    height, width = rng.integers(1, 40, 2)
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = rng.integers(0, height), rng.integers(0, width)
    bottom, right = rng.integers(top, height + 1), rng.integers(left, width + 1)
    pixels[top:bottom, left:right] = rng.integers(0, 256, (bottom - top, right - left, 3))
    return pixels


def whole(box, shape: tuple[int, ...]) -> np.ndarray:
    image = np.zeros(shape, np.uint8)
    height, width, _ = box.pixels.shape
    image[box.top : box.top + height, box.left : box.left + width] = box.pixels
    return image


def by_pillow(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_pngs_of_any_encoder_give_the_pixels_of_pillow():
    rng = np.random.default_rng(0)
    pixels = [cell(rng) for _ in range(300)]
    pngs = [
        encode(image, rng, interlace=bool(n % 3 == 0), num_parts=1 + n % 4)
        if n % 5
        else encode_png(Image.fromarray(image))
        for n, image in enumerate(pixels)
    ]
    for margin in (0, 2):
        for image, png, box in zip(pixels, pngs, decode_boxes(pngs, margin=margin), strict=True):
            np.testing.assert_array_equal(whole(box, image.shape), image)
            np.testing.assert_array_equal(by_pillow(png), image)


def repaired(png: bytes) -> bytes:
    """All checksums made right, as whoever forges a file would; also those of the rows."""
    out, start = [png[:8]], 8
    while start + 8 <= len(png):
        (length,) = struct.unpack_from(">I", png, start)
        out.append(chunk(png[start + 4 : start + 8], png[start + 8 : start + 8 + length]))
        start += 12 + length
    return b"".join(out)


@pytest.mark.parametrize("forged", [False, True])
def test_changed_png_beside_whole_ones_gives_the_pixels_of_pillow_or_is_refused(forged):
    rng = np.random.default_rng(int(forged))
    neighbour = cell(rng)
    beside = encode_png(Image.fromarray(neighbour))
    num_refused = 0
    for trial in range(600):
        image = cell(rng)
        ours = trial % 2
        png = bytearray(encode_png(Image.fromarray(image)) if ours else encode(image, rng))
        for _ in range(rng.integers(1, 4)):
            end = 70 if ours and trial % 4 == 1 else len(png)  # Half of them in the head.
            png[rng.integers(0, end)] = rng.integers(0, 256)
        data = repaired(bytes(png)) if forged else bytes(png)
        try:
            first, changed, last = decode_boxes([beside, data, beside])
        except BitmapError:
            num_refused += 1
            continue
        expected = by_pillow(data)
        np.testing.assert_array_equal(whole(changed, expected.shape), expected)
        for box in (first, last):
            np.testing.assert_array_equal(whole(box, neighbour.shape), neighbour)
    assert num_refused > 400


def test_changed_rows_of_a_forger_give_the_pixels_of_pillow_or_are_refused():
    rng = np.random.default_rng(0)
    num_refused = 0
    for _ in range(300):
        png = encode_png(Image.fromarray(cell(rng)))
        rows = bytearray(zlib.decompress(png[61:-16]))
        rows[rng.integers(0, len(rows))] = rng.integers(0, 256)
        data = png[:53] + chunk(b"IDAT", zlib.compress(bytes(rows))) + png[-12:]
        try:
            (changed,) = decode_boxes([data])
        except BitmapError:
            num_refused += 1
            continue
        np.testing.assert_array_equal(whole(changed, by_pillow(data).shape), by_pillow(data))
    assert 100 < num_refused < 290


SIDE = 30
IMAGE = np.zeros((SIDE, SIDE, 3), np.uint8)
IMAGE[10:20, 5:25] = np.random.default_rng(0).integers(1, 256, (10, 20, 3))
OURS = encode_png(Image.fromarray(IMAGE))


@pytest.mark.parametrize(
    "box",
    [
        (10, 5, 10, 19),
        (10, 6, 10, 19),
        (11, 5, 9, 20),
        (10, 5, 9, 20),
        (10, 5, 30, 20),
        (10, 5, 10, 30),
        (0, 0, 0, 0),
        (10, 5, 0, 20),
        (10, 5, 10, 0),
        (65535, 65535, 65535, 65535),
        (10, 5, 10, 65535),
    ],
)
@pytest.mark.parametrize("margin", [0, 4])
def test_chunk_that_lies_about_the_place_of_the_cell_is_refused(box, margin):
    png = bytearray(OURS)
    png[41:49] = struct.pack(">4H", *box)
    with pytest.raises(BitmapError, match="boXE does not hold the place"):
        decode_boxes([repaired(bytes(png))], margin=margin)


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 255])
def test_other_filter_beside_our_chunk_is_refused(number):
    rows = bytearray(zlib.decompress(OURS[61:-16]))
    rows[15 * (1 + 3 * SIDE)] = number
    png = OURS[:53] + chunk(b"IDAT", zlib.compress(bytes(rows))) + OURS[-12:]
    with pytest.raises(BitmapError, match="did not write"):
        decode_boxes([png])


GOOD = encode(IMAGE, np.random.default_rng(0))
PACKED = GOOD[41:-16]


def header(*values: int) -> bytes:
    return GOOD[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", *values)) + GOOD[33:]


def with_rows(packed: bytes) -> bytes:
    return GOOD[:33] + chunk(b"IDAT", packed) + GOOD[-12:]


@pytest.mark.parametrize(
    ("png", "reason"),
    [
        (GOOD[:20] + b"\1" + GOOD[21:], "IHDR.* is wrong"),
        (GOOD[:-14] + b"\0\0" + GOOD[-12:], "IDAT.* is wrong"),
        (GOOD[:-1] + b"\0", "IEND.* is wrong"),
        (GOOD[:-12], "without its first .* or its last chunk"),
        (GOOD[:-5], "cut short"),
        (GOOD[:-300], "cut short"),
        (GOOD[:33] + GOOD[-12:], "rows .* are missing"),
        (GOOD + b"\0", "bytes after the chunk that ends"),
        (GOOD[:33] + chunk(b"tEXt", b"a\0b")[:-1] + b"\0" + GOOD[33:], "tEXt.* is wrong"),
        (GOOD[:33] + chunk(b"ABCD", b"") + GOOD[33:], "unknown critical chunk"),
        (GOOD[:33] * 2 + GOOD[33:], "unknown critical|cut short|is wrong|without its first"),
        (with_rows(PACKED[:-4]), "expected .* bytes of pixels"),  # No Adler-32.
        (with_rows(PACKED[:-1] + b"\0"), "incorrect data check"),
        (with_rows(PACKED + b"\0"), "expected .* bytes of pixels"),
        (with_rows(zlib.compress(zlib.decompress(PACKED)[:-91])), "expected .* bytes of pixels"),
        (with_rows(zlib.compress(zlib.decompress(PACKED) + bytes(91))), "expected .* bytes"),
        (with_rows(zlib.compress(b"\7" + zlib.decompress(PACKED)[1:])), "unknown filter 7"),
        (header(SIDE, SIDE - 1, 8, 2, 0, 0, 0), "expected .* bytes of pixels"),
        (header(SIDE, SIDE, 8, 2, 1, 0, 0), "does not allow"),
        (header(SIDE, SIDE, 7, 2, 0, 0, 0), "does not allow"),
        (header(SIDE, SIDE, 8, 5, 0, 0, 0), "does not allow"),
        (header(0, SIDE, 8, 2, 0, 0, 0), "does not allow"),
        (header(60_000, 60_000, 8, 2, 0, 0, 0), "expected at most .* pixels; received 60000x60000"),
    ],
)
def test_png_that_is_not_whole_is_refused(png, reason):
    for check in (lambda png: check_png(png, most_pixels=MOST), lambda png: decode_boxes([png])):
        with pytest.raises(BitmapError, match=reason):
            check(png)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16"])
def test_png_of_another_kind_is_no_image_of_a_record(mode):
    file = io.BytesIO()
    image = Image.new("L", (450, 450), 7)
    (image if mode != "I;16" else Image.new("I;16", (450, 450))).convert(mode).save(file, "PNG")
    assert check_png(file.getvalue(), most_pixels=MOST).width == 450
    for check in (check_record, lambda png: decode_boxes([png])):
        with pytest.raises(BitmapError, match="expected 8 bits RGB, colour type 2"):
            check(file.getvalue())


def test_image_of_a_record_has_450_pixels_a_side():
    check_record(encode_png(Image.new("RGB", (450, 450))))
    with pytest.raises(BitmapError, match="expected 450x450 pixels; received 449x450"):
        check_record(encode_png(Image.new("RGB", (449, 450))))


def test_png_without_columns_takes_no_memory_for_its_rows():
    png = OURS[:16] + struct.pack(">II", 0, 2**31) + OURS[24:]
    tracemalloc.start()
    try:
        with pytest.raises(BitmapError, match="does not allow"):
            decode_boxes([repaired(png)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1e6
