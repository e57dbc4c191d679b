"""Pictures of other laboratories: the pixels of Pillow where the file is whole, else a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.picture_files import palette_bmp
from tests.tfrecords.codec.test_jpeg_check import CELL, WHOLE, jpeg
from tests.tfrecords.codec.test_tiff_check import changed, tiff
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.pictures import decode_picture
from tfrecords.codec.png_check import PNG_SIGNATURE

GREY = CELL[..., 0]


def saved(kind: str, pixels=CELL, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


PNG, BMP = saved("PNG"), saved("BMP")


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("pixels", [CELL, GREY])
def test_tiff_has_the_pixels_that_were_stored(pixels, compression):
    found = np.asarray(decode_picture(tiff(pixels, compression)))
    np.testing.assert_array_equal(found, np.asarray(Image.fromarray(pixels).convert("RGB")))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_grey_tiff_in_which_0_is_white_is_inverted(compression):
    data = changed(tiff(GREY, compression), 262, 0)  # PhotometricInterpretation: WhiteIsZero.
    found = np.asarray(decode_picture(data))
    np.testing.assert_array_equal(found, np.dstack([255 - GREY] * 3))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg_has_the_pixels_of_pillow(options):
    data = jpeg(**options)
    found = np.asarray(decode_picture(data))
    np.testing.assert_array_equal(found, np.asarray(Image.open(io.BytesIO(data))))


def holed(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(600) + data[middle + 600 :]


@pytest.mark.parametrize(
    "data",
    [
        PNG[:-16] + b"\0\0\0\0" + PNG[-12:],
        PNG[:-12],
        PNG + b"\0",
        holed(PNG),
        holed(WHOLE),
        WHOLE[: len(WHOLE) // 2] + b"\xff\xd9",
        holed(tiff(compression="tiff_adobe_deflate")),
        holed(tiff(compression="tiff_lzw")),
        tiff()[:-1000],
        BMP[:-1],
        BMP[:-1000],
        BMP + bytes(4),
        BMP[:22] + struct.pack("<i", 200) + BMP[26:],  # A height that leaves rows out.
        BMP[:10] + struct.pack("<I", 100) + BMP[14:],  # Another place of the pixels.
    ],
)
def test_damage_that_pillow_hides_is_refused(data):
    with pytest.raises(BitmapError, match="damaged: .*copy the file again from its source|cannot"):
        decode_picture(data)


def test_png_of_which_a_decoder_needs_only_a_part_is_refused():
    """Pillow stops when it has all pixels: it never sees the checksum of rows that end early."""
    rows = b"".join(b"\0" + row.tobytes() for row in CELL)
    packed = zlib.compress(rows, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 300, 300, 8, 2, 0, 0, 0))
    for ending in (packed[:-4], packed[:-4] + bytes(4), packed + b"more"):
        data = PNG_SIGNATURE + head + chunk(b"IDAT", ending) + chunk(b"IEND", b"")
        with pytest.raises(BitmapError, match="damaged"):
            decode_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_exif_that_would_fill_the_memory_is_refused(kind):
    entries = b"".join(struct.pack("<HHII", 40000 + n, 7, 40_000, 8) for n in range(2000))
    exif = b"II*\0" + struct.pack("<IH", 8, 2000) + entries + bytes(4 + 30_000)
    with pytest.raises(BitmapError, match="(tags are|Tag data) larger than"):
        decode_picture(saved(kind, exif=b"Exif\0\0" + exif))


def off_centre() -> np.ndarray:
    pixels = np.zeros((1000, 1000, 3), np.uint8)
    pixels[:50, :50] = 200
    return pixels


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.zeros((300, 300, 3), np.uint8), "no cell in it: all pixels are black"),
        (off_centre(), "central 450 px are black: no cell"),
        (np.full((1, 1, 3), 200, np.uint8), "at least 16 pixels a side; received 1x1; resize"),
        (np.full((400, 15, 3), 200, np.uint8), "at least 16 pixels a side; received 15x400"),
        (np.full((16, 16, 3), 200, np.uint8), None),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "JPEG"])
def test_picture_without_a_cell_is_refused(kind, pixels, reason):
    if reason is None:
        assert decode_picture(saved(kind, pixels)).size == (16, 16)
        return
    with pytest.raises(BitmapError, match=reason):
        decode_picture(saved(kind, pixels))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "JPEG"])
def test_more_pixels_than_a_cell_has_are_refused_before_they_are_decoded(kind, monkeypatch):
    data = saved(kind)
    monkeypatch.setattr("tfrecords.codec.pictures._MOST_PIXELS", 300 * 300 - 1)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(BitmapError, match="at most 89,999 pixels; received 300x300; cut the cell"):
        decode_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "JPEG"])
def test_changed_bytes_anywhere_are_refused_or_give_an_image_and_nothing_else(kind):
    rng, data = np.random.default_rng(0), saved(kind)
    for _ in range(150):
        other = bytearray(data)
        place = rng.integers(0, len(data)) if rng.random() < 0.3 else rng.integers(0, 400)
        other[place if rng.random() < 0.8 else -place - 1] = rng.integers(0, 256)
        try:
            decode_picture(bytes(other))
        except BitmapError:
            continue


def palette(kind: str, num_colours: int) -> np.ndarray:
    """Colours, uint8 `(num_colours, 3)`."""
    numbers = np.arange(num_colours)
    grey = {
        "first greys": numbers,
        "black to white": numbers * 255 // max(num_colours - 1, 1),
        "white to black": 255 - numbers * 255 // max(num_colours - 1, 1),
    }
    if kind in grey:
        return np.repeat(grey[kind].astype(np.uint8)[:, None], 3, axis=1)
    return np.random.default_rng(num_colours).integers(1, 256, (num_colours, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["first greys", "black to white", "white to black", "colours"])
@pytest.mark.parametrize("num_colours", [1, 2, 4, 16, 255, 256])
@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("core", [False, True])
def test_bmp_has_the_colours_of_its_palette_or_is_refused(core, bits, num_colours, kind):
    if core and num_colours != 1 << bits:
        return  # The first header of OS/2 does not count the colours.
    colours = palette(kind, num_colours)
    most = min(num_colours, 1 << bits)
    indices = np.random.default_rng(0).integers(0, most, (29, 23)).astype(np.uint8)
    indices[14] = most - 1
    data = palette_bmp(indices, colours, bits, core=core)
    greys = colours[:, 0].tolist() if kind != "colours" else []
    # Pillow takes black and white for pixels of one bit, and the first greys for pixels of 8 bits
    # without a palette, however many the file has.
    if greys in ([0], [0, 255]):
        right = (bits, num_colours) == (1, 2)
    elif num_colours > 2 and greys == list(range(num_colours)):
        right = (bits, num_colours) == (8, 256)
    else:
        right = True
    if right:
        np.testing.assert_array_equal(np.asarray(decode_picture(data)), colours[indices])
        return
    reason = f"received {bits} bits for {num_colours} greys, which Pillow misreads; save it with"
    with pytest.raises(BitmapError, match=reason):
        decode_picture(data)
