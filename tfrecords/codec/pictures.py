"""Decodes image files of other laboratories; a damaged file, or one without a rule, is refused."""

import io
import math
import struct
import warnings

from PIL import Image, ImageFile, UnidentifiedImageError

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.jpeg_check import check_jpeg, check_jpeg_kind
from tfrecords.codec.picture_rules import check_rule, read_by_rule
from tfrecords.codec.png_check import PNG_SIGNATURE, check_png, damaged, read_chunks
from tfrecords.codec.tiff_check import check_kind, check_tiff
from tfrecords.codec.tiff_pages import Tags, read_page
from tfrecords.schema import IMAGE_SIDE

PICTURE_FORMATS = ("BMP", "PNG", "TIFF", "JPEG")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*")
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_MOST_PIXELS = 25_000_000
_LEAST_SIDE = 16
# Pillow's raw modes of a BMP whose palette is grey: the bits and the least number of colours with
# which it reads the colours of the palette. It takes these modes whatever the bits are.
_GREY_PALETTES = {"1": (1, 2), "L": (8, 256)}


def decode_picture(data: bytes) -> Image.Image:
    """Decode a whole BMP, PNG, TIFF or JPEG file of another laboratory.

    The content decides the format, not the file's name. `read_by_rule` says what becomes of grey,
    palettes, alpha, 16 bits and EXIF orientations, docs/data.md what is refused: that which has no
    rule, such as inks or several pages, and a file of which a decoder would fill a part with
    pixels of its own. Each format is read to its end, with its checksums where it has some. JPEG
    and LZW have none.

    Returns:
        An RGB image with the stored colours.

    Raises:
        BitmapError: The file is of another kind, is damaged, has no rule, or is black.
    """
    if not data:
        raise BitmapError("the file is empty")
    tags = _read_tags(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # After a warning Pillow continues with a guess.
            with Image.open(io.BytesIO(data), formats=PICTURE_FORMATS) as image:
                _refuse_large(image)
                if image.format == "PNG":  # Here, since Pillow decodes it to find its EXIF.
                    check_png(data, most_pixels=_MOST_PIXELS)
                stored = check_rule(image)
                _refuse_small(image)
                _check_whole(image, data, tags)
                return _refuse_black(read_by_rule(image, stored))
    except BitmapError:
        raise
    except UnidentifiedImageError as error:
        raise BitmapError(
            f"not a BMP, PNG, TIFF or JPEG file that Pillow knows: it begins with {data[:4]!r}; "
            "save it as PNG"
        ) from error
    except Exception as error:  # Damaged files: OSError, SyntaxError, struct.error and others.
        advice = "copy the file again from its source, or save it as PNG"
        raise BitmapError(f"cannot be decoded: {error}; {advice}") from error


def _read_tags(data: bytes) -> Tags:
    """Check what Pillow would give another reason for; return the tags of a TIFF."""
    if data.startswith(PNG_SIGNATURE):
        read_chunks(data)
    if data.startswith(_JPEG_SIGNATURE):
        check_jpeg_kind(data)
    if data[:4] not in _TIFF_SIGNATURES:
        return {}
    if data[:4] == b"MM\0+":  # Pillow cannot read its tags.
        raise BitmapError(
            "a BigTIFF whose numbers begin with the high byte; save it as TIFF or PNG"
        )
    tags = read_page(data)
    check_kind(tags)
    return tags


def _refuse_large(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise BitmapError(
            f"expected a picture of one cell, at most {_MOST_PIXELS:,} pixels; "
            f"received {width}x{height}; cut the cell out"
        )


def _refuse_small(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    if min(width, height) < _LEAST_SIDE:
        raise BitmapError(
            f"expected at least {_LEAST_SIDE} pixels a side; received {width}x{height}; resize the "
            "image to the scale of C-NMC, where a cell is about 200 pixels wide"
        )


def _check_whole(image: ImageFile.ImageFile, data: bytes, tags: Tags) -> None:
    """Raise BitmapError if a file other than a PNG lacks a part; Pillow has not read the pixels."""
    if image.format == "TIFF":
        check_tiff(data, tags)
    elif image.format == "JPEG":
        check_jpeg(data, most_samples=math.prod(image.size) * len(image.getbands()))
    elif image.format == "BMP":
        _check_bitmap(image, data)


def _check_bitmap(image: ImageFile.ImageFile, data: bytes) -> None:
    """Check that Pillow reads the palette of a BMP, and that the file holds exactly its rows.

    Some programs pad the end to four bytes.
    """
    codec, _, offset, arguments = image.tile[0]
    if codec != "raw" or not isinstance(arguments, tuple):
        raise BitmapError("a compressed BMP cannot be checked for damage; save it uncompressed")
    raw_mode, stride, _ = arguments
    _check_grey_palette(data, raw_mode)
    expected = offset + stride * image.height
    if not expected <= len(data) < expected + 4:
        raise damaged(f"a BMP: expected {expected:,} bytes, received {len(data):,}")


def _check_grey_palette(data: bytes, raw_mode: str) -> None:
    if raw_mode not in _GREY_PALETTES:
        return
    (header_size,) = struct.unpack_from("<I", data, 14)
    core = header_size == 12  # OS/2's first header, which does not count the colours.
    (bits,) = struct.unpack_from("<H", data, 24 if core else 28)
    (num_colours,) = (0,) if core else struct.unpack_from("<I", data, 46)
    num_colours = num_colours or 1 << bits
    right_bits, least_colours = _GREY_PALETTES[raw_mode]
    if bits != right_bits or num_colours < least_colours:
        raise BitmapError(
            "expected a BMP with 1 bit for black and white, or 8 bits for 256 greys; received "
            f"{bits} bits for {num_colours} greys, which Pillow misreads; save it with 24 bits"
        )


def _refuse_black(image: Image.Image) -> Image.Image:
    """Return an image whose centre, which is all that is used of it, is not wholly black."""
    if image.getbbox() is None:
        raise BitmapError("no cell in it: all pixels are black")
    if fit_center(image, IMAGE_SIDE).getbbox() is None:
        raise BitmapError(f"its central {IMAGE_SIDE} px are black: no cell")
    return image


def fit_center(image: Image.Image, side: int) -> Image.Image:
    """Crop or pad an image to a square of `side` pixels around its centre; the padding is black."""
    if image.size == (side, side):
        return image  # The usual case; a crop would copy the pixels.
    # Rounded towards 0; negative for an image smaller than the square.
    left, top = (int((length - side) / 2) for length in image.size)
    return image.crop((left, top, left + side, top + side))
