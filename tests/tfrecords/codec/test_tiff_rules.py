"""Each kind of TIFF becomes the 8-bit RGB that docs/data.md promises, or is refused.

The files come from tifffile, and the pixels are compared with those that it finds.
"""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.picture_files import (
    RNG,
    SIDES,
    decoded,
    eight_bits,
    literal_lzw,
    literal_packbits,
    on_black,
    refused,
    samples,
    saved,
    tiff,
)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rowsperstrip": 5},
        {"tile": (16, 16)},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True},
        {"compression": "zlib", "tile": (16, 32), "predictor": True},
        {"bigtiff": True},
        {"ome": True, "metadata": {}},
    ],
)
@pytest.mark.parametrize("kind", ["grey", "rgb", "planar"])
def test_tiff_has_the_pixels_that_tifffile_finds(kind, options, byteorder, bits):
    pixels = samples("rgb" if kind == "planar" else kind, bits)
    if kind == "planar":
        options = options | {"planarconfig": "separate", "photometric": "rgb"}
        pixels = np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
    data = tiff(pixels, byteorder=byteorder, **options)
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), pixels)
    if (byteorder, options.get("bigtiff")) == (">", True):
        refused(data, "a BigTIFF whose numbers begin with the high byte; save it as TIFF or PNG")
        return
    if (kind, bits, options.get("compression")) == ("planar", 16, None):
        refused(data, "in a plane for each colour; save the colours interleaved")
        return
    expected = eight_bits(np.moveaxis(pixels, 0, -1) if kind == "planar" else pixels)
    np.testing.assert_array_equal(decoded(data), expected)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(("number", "pack"), [(5, literal_lzw), (32773, literal_packbits)])
@pytest.mark.parametrize("kind", ["grey", "rgb", "rgba"])
def test_tiff_of_older_compressions_has_its_pixels(kind, number, pack, byteorder, bits):
    pixels = samples(kind, bits)
    if kind == "rgba":
        pixels[..., 3] = 2**bits - 1
    rows = pixels.astype(pixels.dtype.newbyteorder(byteorder)).tobytes()
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        iter([pack(rows)]),
        shape=pixels.shape,
        dtype=pixels.dtype,
        byteorder=byteorder,
        compression="zlib",
        photometric="minisblack" if kind == "grey" else "rgb",
        extrasamples=["unassalpha"] if kind == "rgba" else None,
        metadata=None,
    )
    entries = [struct.pack(byteorder + "HHIH", 259, 3, 1, one) for one in (8, number)]
    assert file.getvalue().count(entries[0]) == 1
    data = file.getvalue().replace(*entries)
    np.testing.assert_array_equal(decoded(data), eight_bits(pixels)[..., :3])


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
def test_fourth_sample_of_a_tiff_is_what_it_says_it_is(extra, compression, bits):
    pixels = samples("rgba", bits)
    most = 2**bits - 1
    if extra == "assocalpha":
        pixels[..., 3] = RNG.choice([0, most], SIDES)
        pixels[pixels[..., 3] == 0] = 0
    data = tiff(pixels, extrasamples=[extra], compression=compression)
    plain = eight_bits(pixels)
    expected = plain[..., :3] if extra == "unspecified" else on_black(plain)
    np.testing.assert_array_equal(decoded(data), expected)
    if extra == "assocalpha":
        pixels[0, 0] = most // 2
        refused(
            tiff(pixels, extrasamples=[extra], compression=compression), "lay the image on black"
        )


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
@pytest.mark.parametrize("num_samples", [2, 4])
def test_further_sample_in_a_plane_of_its_own_is_refused(num_samples, extra, compression):
    planes = RNG.integers(0, 256, (num_samples, *SIDES)).astype(np.uint8)
    data = tiff(
        planes,
        photometric="rgb" if num_samples == 4 else "minisblack",
        planarconfig="separate",
        extrasamples=[extra],
        compression=compression,
    )
    refused(data, "an extra sample, in a plane for each colour; save the colours interleaved")


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
def test_second_sample_of_a_grey_tiff_is_what_it_says_it_is(extra, compression):
    pixels = samples("rgba", 8)[..., :2]
    if extra == "assocalpha":
        pixels[..., 1] = RNG.choice([0, 255], SIDES)
        pixels[pixels[..., 1] == 0] = 0
    data = tiff(
        np.ascontiguousarray(pixels),
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=[extra],
        compression=compression,
    )
    plain = np.dstack([pixels[..., :1]] * 3 + [pixels[..., 1:]])
    expected = plain[..., :3] if extra == "unspecified" else on_black(plain)
    np.testing.assert_array_equal(decoded(data), expected)


@pytest.mark.parametrize(
    ("entry", "other"), [((262, 3, 1), (324, 3, 1)), ((284, 3, 1, 1), (284, 3, 1, 3))]
)
def test_tiff_that_does_not_say_how_its_colours_lie_is_refused(entry, other):
    data = tiff(samples("rgb", 8))
    before, after = (struct.pack("<HHIH"[: len(one) + 1], *one) for one in (entry, other))
    assert data.count(before) == 1
    refused(data.replace(before, after), "damaged: a TIFF (that does not say|whose colours lie)")


@pytest.mark.parametrize("kind", ["L", "RGB", "YCbCr"])
def test_jpeg_in_a_tiff_has_nearly_its_colours(kind):
    rows, columns = np.mgrid[:64, :80]
    pixels = np.dstack([2 * rows + 60, columns + 40, 200 - rows]).astype(np.uint8)
    image = Image.fromarray(pixels)
    data = saved(image.convert(kind), "TIFF", compression="jpeg", quality=95)
    expected = np.asarray(image.convert(kind).convert("RGB")).astype(int)
    assert np.abs(decoded(data) - expected).max() <= 8
