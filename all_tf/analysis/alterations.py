"""Alterations that remove information from images, to test what a network uses; numpy only.

Each function takes images `(b, s, s, 3)` of cells on black and returns as many of the same type.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from all_tf.data.cell_features import foreground

SILHOUETTE = "silhouette"
_PATCHES = 4  # On each side. In a cell of 220 px a patch is larger than a nucleolus.


class Alteration(NamedTuple):
    """A function that alters images of cells."""

    what: str  # The altered images, as a noun phrase for sentences.
    alter: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    in_picture: str  # What differs from other alterations, in a few words above its pictures.
    one_colour: bool = False  # Whether each cell then has a single colour.


def alterations(colour: Sequence[float]) -> dict[str, Alteration]:
    """Return the alterations by name.

    Args:
        colour: Colour of silhouettes: red, green, blue, in [0, 255].
    """
    return {
        "mean colour": Alteration(
            "cells filled with their mean colour",
            lambda images, rng: fill_with_mean_colour(images),
            "each cell in its own colour",
            one_colour=True,
        ),
        SILHOUETTE: Alteration(
            "silhouettes alone",
            lambda images, rng: fill_with_one_colour(images, colour=colour),
            "all cells in one colour",
            one_colour=True,
        ),
        "patches": Alteration(
            "cells with their patches shuffled",
            lambda images, rng: shuffle_patches(images, rng=rng),
            "own colours, outline lost",
        ),
    }


def fill_with_mean_colour(images: np.ndarray) -> np.ndarray:
    """Fill each cell with its mean colour: size, outline and colour stay, the texture is removed.

    Args:
        images: Images of cells on black.
    """
    mask = foreground(images)
    area = np.maximum(mask.sum(axis=(1, 2)), 1)[:, np.newaxis]
    colours = images.sum(axis=(1, 2), dtype=np.float64) / area  # (b, 3); black adds nothing.
    return _painted(mask, colours, images.dtype)


def fill_with_one_colour(images: np.ndarray, *, colour: Sequence[float]) -> np.ndarray:
    """Fill all cells with one colour: only the silhouette, size and outline, stays.

    Args:
        images: Images of cells on black.
        colour: Red, green, blue, in [0, 255]. The colour of an average cell is closer to the
            training images than white.
    """
    return _painted(foreground(images), np.tile(colour, (len(images), 1)), images.dtype)


def shuffle_patches(images: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Cut the bounding box of each cell into 4 by 4 patches and shuffle them.

    Area, colours and the texture inside a patch stay; the outline and the order of the parts are
    removed.

    Args:
        images: Images of cells on black.
        rng: Generator of a new order for each image; its state advances.
    """
    shuffled = images.copy()
    for image, mask in zip(shuffled, foreground(images), strict=True):
        if mask.any():
            rows, columns = (_divisible(mask.any(axis=axis)) for axis in (1, 0))
            image[rows, columns] = _permuted(image[rows, columns], rng)
    return shuffled


def _divisible(occupied: np.ndarray) -> slice:
    """Return the range of an axis that a cell occupies, widened to a multiple of the patches."""
    first, last = np.flatnonzero(occupied)[[0, -1]]
    most = len(occupied) // _PATCHES * _PATCHES
    length = min(-(-(last + 1 - first) // _PATCHES) * _PATCHES, most)
    start = min(first, len(occupied) - length)
    return slice(start, start + length)


def _permuted(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = box.shape[0] // _PATCHES, box.shape[1] // _PATCHES
    patches = box.reshape(_PATCHES, height, _PATCHES, width, 3).swapaxes(1, 2)
    mixed = rng.permutation(patches.reshape(-1, height, width, 3)).reshape(patches.shape)
    return mixed.swapaxes(1, 2).reshape(box.shape)


def _painted(mask: np.ndarray, colours: np.ndarray, dtype: np.dtype) -> np.ndarray:
    painted = mask[..., np.newaxis] * colours[:, np.newaxis, np.newaxis]
    return (np.rint(painted) if np.issubdtype(dtype, np.integer) else painted).astype(dtype)
