"""Which page of a TIFF is the image: pyramids, OME-XML and ImageJ's text; several are refused."""

import io

import numpy as np
import pytest
import tifffile

from tests.tfrecords.codec.test_picture_rules import decoded, refused, samples, tiff

OME = '<?xml version="1.0"?><OME xmlns="x"><Image><Pixels {} Type="uint8"/></Image></OME>'


def pages(*arrays: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file, **options) as writer:
        for array in arrays:
            colours = "rgb" if array.shape[-1] == 3 else "minisblack"
            writer.write(array, photometric=colours, metadata=None)
    return file.getvalue()


def pyramid(pixels: np.ndarray, *, inside: bool) -> bytes:
    """An image and its half, as a page of SubIFDs or as a second page that says it is smaller."""
    file = io.BytesIO()
    options = {"photometric": "rgb", "tile": (16, 16), "metadata": None}
    with tifffile.TiffWriter(file) as writer:
        writer.write(pixels, subifds=1 if inside else None, **options)
        writer.write(np.ascontiguousarray(pixels[::2, ::2]), subfiletype=1, **options)
    return file.getvalue()


def test_pyramid_gives_its_full_image():
    pixels = samples("rgb", 8)
    for inside in (False, True):
        np.testing.assert_array_equal(decoded(pyramid(pixels, inside=inside)), pixels)


def test_page_that_is_a_smaller_copy_cannot_come_first():
    refused(tiff(samples("rgb", 8), subfiletype=1), "a smaller copy before it; save one")


def stack(kind: str, **options) -> bytes:
    colours = "rgb" if kind == "rgb" else "minisblack"
    return tiff(np.stack([samples(kind, 8)] * 3), photometric=colours, **options)


def described(text: str, pixels: np.ndarray) -> bytes:
    return tiff(pixels, description=text)


@pytest.mark.parametrize(
    "data",
    [
        pages(samples("rgb", 8), samples("rgb", 8)),
        pages(samples("grey", 8), samples("grey", 8), samples("grey", 8)),
        stack("grey", ome=True, metadata={"axes": "CYX"}),
        stack("rgb", ome=True, metadata={"axes": "ZYXS"}),
        stack("grey", imagej=True, metadata={"axes": "CYX"}),
        described(
            OME.format('SizeX="23" SizeY="29" SizeZ="1" SizeC="3" SizeT="1"'), samples("grey", 8)
        ),
        described(OME.format("SizeZ='2' SizeC='3' SizeT='1'"), samples("rgb", 8)),
        described(OME.format('SizeC="999999999" ' * 40), samples("rgb", 8)),
        described("ImageJ=1.53t\nimages=20\nslices=20\n", samples("grey", 8)),
        described("<Pixels " * 100_000 + "<OME", samples("rgb", 8)),
    ],
)
def test_several_pages_or_planes_are_refused_with_what_to_do(data):
    refused(data, "expected one image a file; received .*; save one of them as a file")


@pytest.mark.parametrize(
    "text",
    [
        OME.format('SizeX="23" SizeY="29" SizeZ="1" SizeC="3" SizeT="1"'),
        "ImageJ=1.53t\nunit=micron\n",
        "a cell",
    ],
)
def test_one_plane_with_a_description_is_read(text):
    pixels = samples("rgb", 8)
    np.testing.assert_array_equal(decoded(described(text, pixels)), pixels)
