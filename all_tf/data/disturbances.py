"""Disturbances of a cell's image that a network should refuse, or that should change nothing."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from all_tf.data.cell_features import foreground
from all_tf.data.known_range import magnify

_BLUR = 2  # Sigma, pixels.
_BRIGHTER = 1.3
_SMALLER, _LARGER = 0.8, 1.25
_QUALITY = 75  # Of JPEG; Pillow's default.


def _blurred(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(_BLUR)))


def _brighter(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image * _BRIGHTER, 0, 255)).astype(np.uint8)


def _on_white(image: np.ndarray) -> np.ndarray:
    return np.where(foreground(image)[..., np.newaxis], image, np.uint8(255))


def _as_jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=_QUALITY)
    with Image.open(file) as read:
        return np.asarray(read.convert("RGB"))


DISTURBANCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "blurred, sigma 2 px": _blurred,
    "1.3 times as bright": _brighter,
    ".8 times as large": lambda image: magnify(image, _SMALLER, Image.Resampling.BICUBIC),
    "1.25 times as large": lambda image: magnify(image, _LARGER, Image.Resampling.BICUBIC),
    "negative": lambda image: 255 - image,
    "on white": _on_white,
    "JPEG, quality 75": _as_jpeg,
}
"""By name, functions of uint8 `(450, 450, 3)`; fields of view, the eighth, come from files."""
