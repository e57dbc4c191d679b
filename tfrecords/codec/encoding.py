"""Encodes image files as PNG, with their SHA-256, in the converter's threads; no TensorFlow."""

import hashlib
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from tfrecords.codec.bmp import BitmapError, decode_bitmap
from tfrecords.codec.png import encode_png
from tfrecords.schema import IMAGE_SIDE

_PICTURE_FORMATS = ("BMP", "PNG", "TIFF", "JPEG")
_PICTURE_MODES = ("RGB", "L", "RGBA", "LA")


class EncodedImage(NamedTuple):
    """Length and digests of one encoded image."""

    num_bytes: int  # Length of the PNG.
    file_sha256: str  # SHA-256 of the image file.
    png_sha256: str  # SHA-256 of the PNG; equal for equal pixels, whatever the file's header.


def encode_images(
    paths: Sequence[Path], spool: Path, *, decoders: Sequence[str] | None = None
) -> list[EncodedImage]:
    """Encode some images as PNG, and write the PNGs one after another into one file.

    Args:
        paths: Image files. An image larger than 450 pixels a side is cropped to its centre, a
            smaller one is padded with black on all sides; the scale does not change.
        spool: The file to write: the PNGs in the order of `paths`, each `num_bytes` long.
        decoders: The decoder of each file, a key of `DECODERS`; None for C-NMC's bitmaps.

    Raises:
        BitmapError: The decoder refuses a file; the message names it.
    """
    encoded = []
    with spool.open("wb") as file:
        for path, decoder in zip(paths, decoders or ["bitmap"] * len(paths), strict=True):
            file_sha256, pixels = _read(path, DECODERS[decoder])
            png = encode_png(fit_center(pixels, IMAGE_SIDE))
            file.write(png)
            # Equal pixels give equal PNGs, and a PNG is faster to hash because it is shorter.
            encoded.append(EncodedImage(len(png), file_sha256, hashlib.sha256(png).hexdigest()))
    return encoded


def _read(path: Path, decode: Callable[[bytes], Image.Image]) -> tuple[str, Image.Image]:
    """Read a file once; return its SHA-256 and its pixels."""
    data = path.read_bytes()
    try:
        return hashlib.sha256(data).hexdigest(), decode(data)
    except BitmapError as error:
        raise BitmapError(f"{path}: {error}") from error


def encode_bitmap(path: Path) -> bytes:
    """Encode one bitmap of C-NMC as PNG, without hashing or writing; used to time the codec."""
    return encode_png(fit_center(decode_bitmap(path.read_bytes()), IMAGE_SIDE))


def decode_picture(data: bytes) -> Image.Image:
    """Decode a whole BMP, PNG, TIFF or JPEG file of another laboratory.

    The content decides the format, not the file's name. The function refuses a file that it could
    decode only with a guess: 16 bits a channel (how to reduce them to 8), transparent pixels (what
    is behind them), several pages (which one to use), an EXIF orientation (which way is up). It
    also refuses a palette, because its 256 colours are not those that the camera recorded.

    Returns:
        An RGB image with the stored colours.

    Raises:
        BitmapError: The file is of another kind, is damaged, or needs a guess.
    """
    if not data:
        raise BitmapError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # After a warning Pillow continues with a guess.
            with Image.open(io.BytesIO(data), formats=_PICTURE_FORMATS) as image:
                _refuse_guesses(image)
                image.load()
                if image.mode in ("RGBA", "LA") and image.getextrema()[-1] != (255, 255):
                    raise BitmapError("transparent pixels; lay the image on black first")
                return image.convert("RGB")
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
    if image.mode not in _PICTURE_MODES:
        raise BitmapError(f"expected RGB or grey pixels; received mode {image.mode} of Pillow")
    # Pillow reduces 16 bits a channel to 8 silently; only its raw mode shows it, as in RGB;16B.
    raw_modes = {
        tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0] for tile in image.tile
    }
    bits = getattr(image, "tag_v2", {}).get(ExifTags.Base.BitsPerSample, (8,))
    if set(bits) != {8} or not all(raw_mode.isalpha() for raw_mode in raw_modes):
        raise BitmapError(f"expected 8 bits a channel; received {', '.join(sorted(raw_modes))}")
    if "transparency" in image.info:
        raise BitmapError("a transparent colour; lay the image on black first")
    if (num_images := getattr(image, "n_frames", 1)) != 1:
        raise BitmapError(f"expected one image a file; received {num_images}")
    if (orientation := image.getexif().get(ExifTags.Base.Orientation, 1)) != 1:
        raise BitmapError(
            f"EXIF orientation {orientation}: some programs turn the image and others do not; "
            "turn the pixels and remove the tag"
        )


def fit_center(image: Image.Image, side: int) -> Image.Image:
    """Crop or pad an image to a square of `side` pixels around its centre; the padding is black."""
    if image.size == (side, side):
        return image  # The usual case; a crop would copy the pixels.
    # Rounded towards 0; negative for an image smaller than the square.
    left, top = (int((length - side) / 2) for length in image.size)
    return image.crop((left, top, left + side, top + side))


DECODERS = {
    "bitmap": decode_bitmap,  # C-NMC's own files.
    "picture": decode_picture,  # Files of other laboratories.
}
