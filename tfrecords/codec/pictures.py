"""Decodes image files of other laboratories; a file that is damaged or needs a guess is refused."""

import io
import warnings

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.jpeg_check import check_jpeg
from tfrecords.codec.png_check import check_png, damaged
from tfrecords.codec.tiff_check import Tags, check_tiff, read_first_page, read_page
from tfrecords.schema import IMAGE_SIDE

_FORMATS = ("BMP", "PNG", "TIFF", "JPEG")
_MODES = ("RGB", "L", "RGBA", "LA")
_INVERTED = "L;I"  # Grey of a TIFF in which 0 is white; Pillow inverts it.
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*")
_MOST_PIXELS = 25_000_000
_LEAST_SIDE = 16


def decode_picture(data: bytes) -> Image.Image:
    """Decode a whole BMP, PNG, TIFF or JPEG file of another laboratory.

    The content decides the format, not the file's name. The function refuses a file that it could
    decode only with a guess: 16 bits a channel (how to reduce them to 8), transparent pixels (what
    is behind them), several pages (which one to use), an EXIF orientation (which way is up). It
    also refuses a palette, because its 256 colours are not those that the camera recorded.

    It also refuses a file of which a decoder would fill a part with pixels of its own: each format
    is read to its end, with its checksums where it has some. JPEG and LZW have none.

    Returns:
        An RGB image with the stored colours.

    Raises:
        BitmapError: The file is of another kind, is damaged, or needs a guess.
    """
    if not data:
        raise BitmapError("the file is empty")
    tags = read_page(data) if data[:4] in _TIFF_SIGNATURES else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # After a warning Pillow continues with a guess.
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                _refuse_large(image)
                if image.format == "PNG":  # Here, since Pillow decodes it to find its EXIF.
                    check_png(data, most_pixels=_MOST_PIXELS)
                _refuse_guesses(image)
                _refuse_small(image)
                _check_whole(image, data, tags)
                image.load()
                if image.mode in ("RGBA", "LA") and image.getextrema()[-1] != (255, 255):
                    raise BitmapError("transparent pixels; lay the image on black first")
                return _refuse_black(image.convert("RGB"))
    except BitmapError:
        raise
    except UnidentifiedImageError as error:
        raise BitmapError(
            f"not a BMP, PNG, TIFF or JPEG file that Pillow knows: it begins with {data[:4]!r}"
        ) from error
    except Exception as error:  # Damaged files: OSError, SyntaxError, struct.error and others.
        raise BitmapError(f"cannot be decoded: {error}") from error


def _refuse_guesses(image: ImageFile.ImageFile) -> None:
    """Raise BitmapError if decoding needs a guess; to call before Pillow reads the pixels.

    Pillow drops some of the facts that are checked here when it reads the pixels.
    """
    if image.mode not in _MODES:
        raise BitmapError(f"expected RGB or grey pixels; received mode {image.mode} of Pillow")
    # Pillow reduces 16 bits a channel to 8 silently; only its raw mode shows it, as in RGB;16B.
    raw_modes = {
        tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0] for tile in image.tile
    }
    bits = getattr(image, "tag_v2", {}).get(ExifTags.Base.BitsPerSample, (8,))
    if set(bits) != {8} or not all(mode.isalpha() or mode == _INVERTED for mode in raw_modes):
        raise BitmapError(f"expected 8 bits a channel; received {', '.join(sorted(raw_modes))}")
    if "transparency" in image.info:
        raise BitmapError("a transparent colour; lay the image on black first")
    if (num_images := getattr(image, "n_frames", 1)) != 1:
        raise BitmapError(f"expected one image a file; received {num_images}")
    _check_exif(image)
    if (orientation := image.getexif().get(ExifTags.Base.Orientation, 1)) != 1:
        raise BitmapError(
            f"EXIF orientation {orientation}: some programs turn the image and others do not; "
            "turn the pixels and remove the tag"
        )


def _check_exif(image: ImageFile.ImageFile) -> None:
    """Check EXIF before Pillow reads it; ImageMagick writes it into PNGs as text."""
    exif = image.info.get("exif", b"")
    if isinstance(text := image.info.get("Raw profile type exif"), str):
        exif = exif or bytes.fromhex("".join(text.split("\n")[3:]))
    if exif := exif.removeprefix(b"Exif\0\0"):
        read_first_page(exif)


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
        check_jpeg(data)
    elif image.format == "BMP":
        _check_bitmap(image, len(data))


def _check_bitmap(image: ImageFile.ImageFile, num_bytes: int) -> None:
    """Check that a BMP holds exactly its rows; some programs pad the end to four bytes."""
    codec, _, offset, arguments = image.tile[0]
    if codec != "raw" or not isinstance(arguments, tuple):
        raise BitmapError("a compressed BMP cannot be checked for damage; save it uncompressed")
    _, stride, _ = arguments
    expected = offset + stride * image.height
    if not expected <= num_bytes < expected + 4:
        raise damaged(f"a BMP: expected {expected:,} bytes, received {num_bytes:,}")


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
