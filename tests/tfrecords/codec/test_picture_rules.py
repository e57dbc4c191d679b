"""Each kind of picture file becomes the 8-bit RGB that docs/data.md promises, or is refused.

The files come from tifffile, from the writer of PNGs below or from Pillow; the pixels are compared
with those that another reader finds: tifffile, or TensorFlow's.
"""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.picture_files import (
    PNG_KINDS,
    RGB,
    RNG,
    SIDES,
    bmp,
    decoded,
    on_black,
    palette_bmp,
    png,
    refused,
    rle_bmp,
    samples,
    saved,
    tiff,
)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("colour", "depth"),
    [(colour, depth) for colour, (_, depths) in PNG_KINDS.items() for depth in depths],
)
def test_png_of_every_kind_has_the_pixels_that_libpng_finds(colour, depth, interlaced):
    num_samples, _ = PNG_KINDS[colour]
    samples = RNG.integers(0, 2**depth, (*SIDES, num_samples))
    palette = RNG.integers(0, 256, 3 * 2**depth).astype(np.uint8) if colour == 3 else None
    chunks = [(b"PLTE", palette.tobytes())] if palette is not None else []
    data = png(samples, colour=colour, depth=depth, interlaced=interlaced, chunks=chunks)
    kind = tf.uint16 if depth == 16 else tf.uint8
    other = tf.io.decode_png(data, channels=4 if colour in (4, 6) else 3, dtype=kind).numpy()
    found = (other >> (depth == 16) * 8).astype(np.uint8)
    expected = on_black(found) if colour in (4, 6) else found
    np.testing.assert_array_equal(decoded(data), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "TIFF16", "tifffile"])
def test_image_is_turned_as_its_orientation_says(kind, orientation):
    """TIFF 6.0: where row 0 and column 0 of the file lie, as (top or bottom, left or right)."""
    upright = np.kron(RNG.integers(64, 256, (4, 3), dtype=np.uint8), np.ones((8, 8), np.uint8))
    upright = np.dstack([upright] * 3)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright.transpose(1, 0, 2), 2),
        8: np.rot90(upright, -1),
    }[orientation]
    if kind in ("TIFF16", "tifffile"):
        stored = np.ascontiguousarray(stored)
        pixels = stored.astype(np.uint16) * 257 if kind == "TIFF16" else stored
        data = tiff(pixels, extratags=[(274, "H", 1, orientation, True)])
    else:
        exif, file = Image.Exif(), io.BytesIO()
        exif[274] = orientation
        Image.fromarray(stored).save(file, kind, exif=exif)
        data = file.getvalue()
    found = decoded(data)
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).max() <= (4 if kind == "JPEG" else 0)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_palette_gives_its_colours(kind, bits):
    indices = RNG.integers(0, 2**bits, SIDES).astype(np.uint8)
    colours = RNG.integers(0, 256, (2**bits, 3)).astype(np.uint8)
    if (kind, bits) in (("BMP", 2), ("TIFF", 1), ("TIFF", 2), ("TIFF", 4)):
        return  # There is no such BMP, and tifffile writes no such TIFF.
    if kind == "PNG":
        chunks = [(b"PLTE", colours.tobytes())]
        data = png(indices[..., None], colour=3, depth=bits, chunks=chunks)
    elif kind == "BMP":
        data = palette_bmp(indices, colours, bits)
    else:
        colour_map = colours.T.astype(np.uint16) << 8 | RNG.integers(0, 256, (3, 2**bits))
        data = tiff(indices, photometric="palette", colormap=colour_map.astype(np.uint16))
    np.testing.assert_array_equal(decoded(data), colours[indices])


def test_colour_that_the_palette_lacks_is_refused():
    indices = RNG.integers(0, 6, SIDES).astype(np.uint8)
    colours = RNG.integers(0, 256, (5, 3)).astype(np.uint8)
    data = png(indices[..., None], colour=3, depth=8, chunks=[(b"PLTE", colours.tobytes())])
    refused(data, "damaged: a pixel has a colour beyond the 5 of the palette")
    refused(palette_bmp(indices, colours, 8), "beyond the 5 of the palette")
    indices[indices == 5] = 4
    np.testing.assert_array_equal(decoded(palette_bmp(indices, colours, 8)), colours[indices])


def test_bmp_has_the_pixels_that_tensorflow_finds():
    for num_samples in (3, 4):  # The fourth byte is unused.
        pixels = RNG.integers(0, 256, (*SIDES, num_samples)).astype(np.uint8)
        data = bmp(pixels, bits=8 * num_samples)
        other = tf.io.decode_bmp(data).numpy()[..., :3]
        np.testing.assert_array_equal(decoded(data), other)


@pytest.mark.parametrize("masks", [(16, 8, 0, 24), (0, 8, 16, 24), (24, 16, 8, 0)])
def test_alpha_of_a_bmp_is_laid_on_black(masks):
    """Header V4: bit masks say where red, green, blue and alpha lie in 32 bits."""
    pixels = samples("rgba", 8)
    words = sum(pixels[..., n].astype("<u4") << shift for n, shift in enumerate(masks))
    rows = words[::-1].tobytes()
    info = struct.pack("<IiiHHIIiiII", 108, 23, 29, 1, 32, 3, len(rows), 0, 0, 0, 0)
    info += struct.pack("<4I", *(255 << shift for shift in masks)) + b"BGRs" + bytes(48)
    start = 14 + len(info)
    head = struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start)
    np.testing.assert_array_equal(decoded(head + info + rows), on_black(pixels))


def test_transparent_colours_of_a_palette_are_laid_on_black():
    indices = RNG.integers(0, 4, SIDES)
    colours, alpha = RNG.integers(0, 256, (4, 3)), np.array([0, 255, 99, 255])
    chunks = [(b"PLTE", bytes(colours.ravel().tolist())), (b"tRNS", bytes(alpha[:3].tolist()))]
    data = png(indices[..., None], colour=3, depth=2, chunks=chunks)
    expected = on_black(np.column_stack([colours, alpha]).astype(np.uint8)[indices])
    np.testing.assert_array_equal(decoded(data), expected)


@pytest.mark.parametrize("scale", [256, 257])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_eight_bits_that_were_spread_over_sixteen_come_back(kind, scale):
    pixels = samples("rgb", 8)
    spread = pixels.astype(np.uint16) * scale
    data = png(spread, colour=2, depth=16) if kind == "PNG" else tiff(spread)
    np.testing.assert_array_equal(decoded(data), pixels)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("kind", ["grey", "rgb"])
def test_sixteen_bits_that_a_camera_did_not_fill_are_refused(kind, bits):
    pixels = samples(kind, bits).astype(np.uint16)
    reason = "none reaches 16,384 of 65,535: a camera's 14 bits or fewer.*save 8 bits"
    refused(tiff(pixels), reason)
    colour = 0 if kind == "grey" else 2
    refused(png(pixels.reshape(*SIDES, -1), colour=colour, depth=16), reason)
    np.testing.assert_array_equal(decoded(tiff(pixels << 16 - bits)).shape, (*SIDES, 3))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (saved(RGB.convert("CMYK"), "JPEG"), "mode CMYK.*convert them to RGB"),
        (saved(RGB.convert("CMYK"), "TIFF"), "CMYK inks, samples a pixel: 4.*save it as RGB"),
        (saved(RGB.convert("LAB"), "TIFF"), r"CIE L\*a\*b\*.*save it as RGB of 8 bits"),
        (tiff(samples("grey", 8).astype(np.float32)), "32 bits floating-point.*save it as RGB"),
        (tiff(samples("grey", 8).astype(np.int8)), "8 bits signed.*save it as RGB of 8 bits"),
        (tiff(samples("grey", 8).astype(np.uint32)), "grey, samples a pixel: 1, of 32 bits"),
        (tiff(samples("grey", 16), photometric="miniswhite"), "of 16 bits.*save it as RGB"),
        (tiff(RNG.integers(0, 256, (*SIDES, 5)).astype(np.uint8), photometric="rgb"), "extra: "),
        (saved(RGB, "PNG", transparency=(0, 0, 0)), "a transparent colour; lay the image on"),
        (saved(RGB, "PNG", save_all=True, append_images=[RGB.rotate(180)]), "save one of them"),
        (saved(RGB, "MPO", save_all=True, append_images=[RGB]), "received 2; save one of them"),
        (saved(RGB, "GIF"), "not a BMP, PNG, TIFF or JPEG file.*save it as PNG"),
        (saved(RGB, "WEBP"), "not a BMP, PNG, TIFF or JPEG file.*save it as PNG"),
        (
            bmp(RNG.integers(0, 256, (*SIDES, 2)).astype(np.uint8), bits=16),
            "BGR;15.*save it as RGB",
        ),
        (rle_bmp(), "a compressed BMP cannot be checked for damage; save it uncompressed"),
    ],
)
def test_kind_without_a_rule_is_refused_with_what_to_do(data, reason):
    refused(data, reason)


def test_jpeg_of_12_bits_is_refused_with_what_to_do():
    data = saved(RGB, "JPEG")
    place = data.index(b"\xff\xc0")
    refused(data[: place + 4] + b"\x0c" + data[place + 5 :], "12 bits a sample; .*save it as PNG")
