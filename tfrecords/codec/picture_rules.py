"""Turns a picture of any kind into 8-bit RGB by the rules of docs/data.md, or refuses it."""

from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.png_check import damaged
from tfrecords.codec.tiff_pages import read_first_page

# Pillow's raw modes, that is, how files store a pixel; each kind has a row in docs/data.md.
_EIGHT_BITS = "L L;I LX LA La RGB RGBX RGBA RGBa BGR BGRX XBGR BGXR BGRA ABGR BGAR YCbCr P PX PA"
_PLANES = "R G B"
_FEW_BITS = "1 1;I L;2 L;4 L;2I L;4I P;1 P;2 P;4"
_SIXTEEN_BITS = (
    "I;16 I;16B I;16N LA;16B RGB;16B RGB;16L RGB;16N RGBA;16B RGBA;16L RGBA;16N "
    "RGBX;16B RGBX;16L RGBX;16N RGBa;16B RGBa;16L RGBa;16N"
)
_RAW_MODES = {*" ".join((_EIGHT_BITS, _PLANES, _FEW_BITS, _SIXTEEN_BITS)).split()}
_MULTIPLIED = ("La", "RGBa")  # Raw modes, before the number of bits.
_DIMMEST = 64  # Of 256. An image whose every sample is darker uses 14 of its 16 bits or fewer.
_OPAQUE = 255
_INKS = "inks have no colours without the printer's profile; convert them to RGB with it"


class StoredAs(NamedTuple):
    """How a file stores its pixels."""

    raw_modes: set[str]  # In Pillow's words; of planes one for each.
    num_colours: int  # Of the palette; 0 without one.


def check_rule(image: ImageFile.ImageFile) -> StoredAs:
    """Check that there is a rule for an image; to call before Pillow reads the pixels.

    Pillow drops some of the facts that are checked here when it reads the pixels.

    Raises:
        BitmapError: There is no rule.
    """
    raw_modes = {
        tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0] for tile in image.tile
    }
    num_colours = 0
    if palette := image.palette:  # Its raw mode is a name such as BGRX or RGB;L.
        colour = (palette.rawmode or palette.mode).split(";")[0]
        num_colours = len(palette.palette) // len(colour)
    if not raw_modes <= _RAW_MODES:
        advice = _INKS if image.mode == "CMYK" else "save it as RGB of 8 bits"
        raise BitmapError(
            "expected RGB, grey or palette, 8 or 16 bits a sample; received mode "
            f"{image.mode} of Pillow ({', '.join(sorted(raw_modes))}); {advice}"
        )
    if "transparency" in image.info and image.mode != "P":
        raise BitmapError("a transparent colour; lay the image on black first")
    if (num_images := getattr(image, "n_frames", 1)) != 1 and image.format != "TIFF":
        raise BitmapError(
            f"expected one image a file; received {num_images}; save one of them as a file"
        )
    _check_exif(image)
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation not in range(1, 9):
        raise BitmapError(f"the EXIF orientation {orientation!r} is unknown; remove the tag")
    return StoredAs(raw_modes, num_colours)


def _check_exif(image: ImageFile.ImageFile) -> None:
    """Check EXIF before Pillow reads it; ImageMagick writes it into PNGs as text."""
    exif = image.info.get("exif", b"")
    if isinstance(text := image.info.get("Raw profile type exif"), str):
        exif = exif or bytes.fromhex("".join(text.split("\n")[3:]))
    if exif := exif.removeprefix(b"Exif\0\0"):
        read_first_page(exif)


def read_by_rule(image: ImageFile.ImageFile, stored: StoredAs) -> Image.Image:
    """Read the pixels of an image, of which `check_rule` told how they are stored.

    Grey becomes three equal channels, fewer bits than 8 are spread over 0 to 255, a palette gives
    its colours, of 16 bits the upper 8 are kept, alpha is laid on black, and the image is turned
    as its EXIF orientation says. Colour profiles and gamma change nothing.

    Returns:
        An RGB image.

    Raises:
        BitmapError: The samples use too few of their 16 bits, the alpha is multiplied in, or a
            pixel has a colour that the palette lacks.
    """
    image.load()
    if image.mode == "P" and np.asarray(image).max() >= stored.num_colours:
        raise damaged(f"a pixel has a colour beyond the {stored.num_colours} of the palette")
    if image.format != "TIFF":  # Pillow turns TIFFs by itself.
        ImageOps.exif_transpose(image, in_place=True)
    upright = _upper_bits(image) if image.mode.startswith("I;16") else image
    if any(";16" in mode for mode in stored.raw_modes):
        _refuse_dim(upright)
    multiplied = any(mode.split(";")[0] in _MULTIPLIED for mode in stored.raw_modes)
    return _on_black(upright, multiplied=multiplied)


def _upper_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))


def _refuse_dim(image: Image.Image) -> None:
    """Raise BitmapError if a camera's 8, 10, 12 or 14 bits lie unscaled in 16."""
    if np.asarray(image.convert("RGB")).max() < _DIMMEST:
        raise BitmapError(
            "16 bits a sample, but none reaches 16,384 of 65,535: a camera's 14 bits or fewer, not "
            "scaled; multiply by 255, divide by the camera's largest value and save 8 bits"
        )


def _on_black(image: Image.Image, *, multiplied: bool) -> Image.Image:
    """Lay an image on black: each colour times its alpha, rounded to the nearest."""
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode not in ("LA", "PA", "RGBA"):
        return image.convert("RGB")
    alpha = image.convert("RGBA").getchannel("A")
    if multiplied and not np.isin(np.asarray(alpha), (0, _OPAQUE)).all():
        raise BitmapError(
            "partly transparent, with the alpha multiplied into the colours; lay the image on black"
        )
    black = Image.new("RGB", image.size)
    black.paste(image.convert("RGBA").convert("RGB"), mask=alpha)
    return black
