"""Images to PNG with digests: the work of the converter's threads, without TensorFlow."""

import hashlib
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

from tfrecords.codec.bmp import BitmapError, decode_bitmap
from tfrecords.codec.png import encode_png
from tfrecords.schema import IMAGE_SIDE

_PICTURE_FORMATS = ("BMP", "PNG", "TIFF", "JPEG")
_PICTURE_MODES = ("RGB", "L", "RGBA", "LA")


class EncodedImage(NamedTuple):
    """One image as it will lie in the records, and what it came from."""

    num_bytes: int  # Of the PNG.
    file_sha256: str  # Of the image file.
    png_sha256: str  # Equal for equal pixels, whatever header the file had.


def encode_images(
    paths: Sequence[Path], spool: Path, *, decoders: Sequence[str] | None = None
) -> list[EncodedImage]:
    """Write the PNGs of some images one after another into one file.

    Args:
        paths: Image files. Those of more than 450 pixels a side are cropped to their centre,
            smaller ones laid in the middle of black; the scale stays.
        spool: The file to write. Slices of `num_bytes` are the PNGs, in the order of `paths`.
        decoders: How to read each of them, keys of `DECODERS`; None for C-NMC's bitmaps.

    Raises:
        BitmapError: A file is not as its decoder wants it; the message names it.
    """
    encoded = []
    with spool.open("wb") as file:
        for path, decoder in zip(paths, decoders or ["bitmap"] * len(paths), strict=True):
            file_sha256, pixels = _read(path, DECODERS[decoder])
            png = encode_png(fit_center(pixels, IMAGE_SIDE))
            file.write(png)
            # One encoder gives equal pixels equal PNGs, which are shorter to digest.
            encoded.append(EncodedImage(len(png), file_sha256, hashlib.sha256(png).hexdigest()))
    return encoded


def _read(path: Path, decode: Callable[[bytes], Image.Image]) -> tuple[str, Image.Image]:
    """The digest and the pixels of a file, one right after the other: it is in the cache."""
    data = path.read_bytes()
    try:
        return hashlib.sha256(data).hexdigest(), decode(data)
    except BitmapError as error:
        raise BitmapError(f"{path}: {error}") from error


def encode_bitmap(path: Path) -> bytes:
    """The PNG of one bitmap of C-NMC and nothing else: the bare codec."""
    return encode_png(fit_center(decode_bitmap(path.read_bytes()), IMAGE_SIDE))


def decode_picture(data: bytes) -> Image.Image:
    """The pixels of a whole BMP, PNG, TIFF or JPEG file of another laboratory.

    The content decides on the format, not the file's name. Whatever would need a guess is refused:
    how to bring 16 bits to 8, what lies behind transparent pixels, which page is meant, which way
    is up; and palettes, whose 256 colours are not those that the camera saw.

    Returns:
        An RGB image, the colours as stored.

    Raises:
        BitmapError: Another kind of file, a damaged one, or one that needs a guess.
    """
    if not data:
        raise BitmapError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Where Pillow warns, it goes on with a guess.
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
    except Exception as error:  # Of damaged files: OSError, SyntaxError, struct.error and others.
        raise BitmapError(f"cannot be decoded: {error}") from error


def _refuse_guesses(image: Image.Image) -> None:
    """Judge an opened file before its pixels are read: Pillow forgets some of this on reading."""
    if image.mode not in _PICTURE_MODES:
        raise BitmapError(f"expected RGB or grey pixels; received mode {image.mode} of Pillow")
    # Pillow cuts 16 bits a channel to 8 without a word: only its "raw mode" tells, as in RGB;16B.
    raw_modes = {t.args if isinstance(t.args, str) else t.args[0] for t in image.tile}
    bits = getattr(image, "tag_v2", {}).get(ExifTags.Base.BitsPerSample, (8,))
    if set(bits) != {8} or not all(raw_mode.isalpha() for raw_mode in raw_modes):
        raise BitmapError(f"expected 8 bits a channel; received {', '.join(sorted(raw_modes))}")
    if "transparency" in image.info:
        raise BitmapError("a transparent colour; lay the image on black first")
    if (num_images := getattr(image, "n_frames", 1)) != 1:
        raise BitmapError(f"expected one image a file; received {num_images}")
    if (orientation := image.getexif().get(ExifTags.Base.Orientation, 1)) != 1:
        raise BitmapError(
            f"to be turned when shown (EXIF orientation {orientation}), which some programs do and "
            "others do not; turn the pixels and drop the tag"
        )


def fit_center(image: Image.Image, side: int) -> Image.Image:
    """The central square of an image, black where the image does not reach."""
    if image.size == (side, side):
        return image  # As nearly always; a crop would copy it.
    left, top = (int((length - side) / 2) for length in image.size)  # Towards 0: may be negative.
    return image.crop((left, top, left + side, top + side))


DECODERS = {
    "bitmap": decode_bitmap,  # C-NMC's own form, every byte accounted for.
    "picture": decode_picture,
}
