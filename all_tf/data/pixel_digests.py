"""Digests of images by their pixels, equal however the images were packed."""

import hashlib
import struct
from collections.abc import Sequence

import numpy as np

from all_tf.system.progress import track
from tfrecords.codec.png import decode_boxes

_CHUNK = 16  # Images that are decoded together.
_DIGITS = 24  # Of SHA-256, in hexadecimal: 96 bits, far beyond chance among millions of images.


def pixel_digests(pngs: Sequence[bytes], *, title: str) -> list[str]:
    """Compute a digest of each image: of the smallest box that holds all pixels not black.

    Args:
        pngs: PNGs of the records.
        title: What the progress bar calls them.

    Raises:
        deflate.DeflateError, OSError: A PNG is damaged.
    """
    starts = range(0, len(pngs), _CHUNK)
    digests: list[str] = []
    for start in track(starts, f"comparing {title}", len(starts), unit="chunk"):
        for box in decode_boxes(pngs[start : start + _CHUNK]):
            digests.append(_digest(box.top, box.left, box.pixels))
    return digests


def _digest(top: int, left: int, pixels: np.ndarray) -> str:
    high, wide = (np.flatnonzero(pixels.any(axis=axes)) for axes in ((1, 2), (0, 2)))
    if not len(high):
        return hashlib.sha256(b"black").hexdigest()[:_DIGITS]
    inside = pixels[high[0] : high[-1] + 1, wide[0] : wide[-1] + 1]
    place = struct.pack(">4q", top + high[0], left + wide[0], *inside.shape[:2])
    return hashlib.sha256(place + np.ascontiguousarray(inside).tobytes()).hexdigest()[:_DIGITS]
