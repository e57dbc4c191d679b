"""Encodes image files as PNG, with their SHA-256, in the converter's threads; no TensorFlow."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from tfrecords.codec.bmp import BitmapError, decode_bitmap
from tfrecords.codec.one_cell import decode_cell
from tfrecords.codec.pictures import fit_center
from tfrecords.codec.png import encode_png
from tfrecords.codec.regular_file import read_image_file
from tfrecords.schema import IMAGE_SIDE


class EncodedImage(NamedTuple):
    """Length and digests of one encoded image."""

    num_bytes: int  # Length of the PNG.
    file_sha256: str  # SHA-256 of the image file.
    png_sha256: str  # SHA-256 of the PNG; equal for equal pixels, whatever the file's header.
    looks: str = ""  # What `look` made of the pixels, as hexadecimal digits.


def encode_images(
    paths: Sequence[Path],
    spool: Path,
    *,
    decoders: Sequence[str] | None = None,
    look: Callable[[np.ndarray], np.ndarray] | None = None,
) -> list[EncodedImage]:
    """Encode some images as PNG, and write the PNGs one after another into one file.

    Args:
        paths: Image files. An image larger than 450 pixels a side is cropped to its centre, a
            smaller one is padded with black on all sides; the scale does not change.
        spool: The file to write: the PNGs in the order of `paths`, each `num_bytes` long.
        decoders: The decoder of each file, a key of `DECODERS`; None for C-NMC's bitmaps.
        look: A function of the pixels, uint8 `(450, 450, 3)`, whose result is kept as `looks`; so
            the PNGs need not be decoded for it.

    Raises:
        BitmapError: The decoder refuses a file; the message names it.
        OSError: A file cannot be read, or is none that could be an image.
    """
    encoded = []
    with spool.open("wb") as file:
        for path, decoder in zip(paths, decoders or ["bitmap"] * len(paths), strict=True):
            file_sha256, pixels = _read(path, DECODERS[decoder])
            centred = fit_center(pixels, IMAGE_SIDE)
            png = encode_png(centred)
            file.write(png)
            # Equal pixels give equal PNGs, and a PNG is faster to hash because it is shorter.
            png_sha256 = hashlib.sha256(png).hexdigest()
            looks = look(np.asarray(centred)).tobytes().hex() if look else ""
            encoded.append(EncodedImage(len(png), file_sha256, png_sha256, looks))
    return encoded


def _read(path: Path, decode: Callable[[bytes], Image.Image]) -> tuple[str, Image.Image]:
    """Read a file once; return its SHA-256 and its pixels."""
    data = read_image_file(path)
    try:
        return hashlib.sha256(data).hexdigest(), decode(data)
    except BitmapError as error:
        raise BitmapError(f"{path}: {error}") from error


def encode_bitmap(path: Path) -> bytes:
    """Encode one bitmap of C-NMC as PNG, without hashing or writing; used to time the codec."""
    return encode_png(fit_center(decode_bitmap(path.read_bytes()), IMAGE_SIDE))


DECODERS = {
    "bitmap": decode_bitmap,  # C-NMC's own files.
    "picture": decode_cell,  # Files of other laboratories.
}
