"""A field of view becomes an image of numbered white cells."""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.measure import label, regionprops
from skimage.segmentation import relabel_sequential
from skimage.transform import resize

from all_tf.fields.nuclei import find_nuclei, neighbours, nuclear_mask
from all_tf.fields.optical_density import (
    ground_colour,
    local_ground,
    optical_density,
    refuse_colourless,
    refuse_groundless,
)
from all_tf.fields.outline import NUCLEUS_RADIUS, outline_cell

_MOST_PIXELS = 4_000_000  # Of the picture in which nuclei are sought: about 300 MB.
_MARGIN = 3.2  # Of the window around a nucleus, in its radii.
_ROUND = 0.72  # Shorter by longer axis of one cell; two that touch have about a half.
_LOBE_GAP = 4.0  # Micrometres between two large lobes.
_MOST_PAIRS = 200  # Nearest first; a field has a few, and each takes a tenth of a second.
_LARGEST_CELL = 400.0  # Square micrometres, with two lobes that are each as large as a nucleus.


class _Field(NamedTuple):
    pixels: np.ndarray  # uint8 `(height, width, 3)`.
    ground: np.ndarray
    nuclei: np.ndarray  # Numbers, of the picture reduced by `step`.
    step: int


def reduced_density(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the density of a field that is made small enough to search, and how it was made.

    Args:
        pixels: uint8 `(height, width, 3)`.

    Returns:
        float32 `(height // step, width // step, 3)`, the colour of the ground, and the step.

    Raises:
        FieldError: The picture is dark or has no colours.
    """
    step = int(np.ceil(np.sqrt(pixels[..., 0].size / _MOST_PIXELS)))
    small = np.asarray(Image.fromarray(pixels).reduce(step)) if step > 1 else pixels
    ground = ground_colour(small)
    density = optical_density(small, ground)
    refuse_colourless(small, density)
    refuse_groundless(density)
    return density, ground, step


def segment_field(pixels: np.ndarray, *, microns_per_pixel: float | None) -> np.ndarray:
    """Number the white cells of a field, from top to bottom.

    Args:
        pixels: uint8 `(height, width, 3)`.
        microns_per_pixel: The scale; if it is None, the sizes of the nuclei stand in for it.

    Returns:
        uint16 `(height, width)`: 0 background, k the cell k, also at the edge.

    Raises:
        FieldError: The picture is no field of view in which cells can be found.
    """
    density, ground, step = reduced_density(pixels)
    small_scale = microns_per_pixel * step if microns_per_pixel else None
    nuclei, small_scale = find_nuclei(density, small_scale)
    field = _Field(pixels, ground, nuclei, step)
    if small_scale:
        field = _join_lobes(field, small_scale)
    labels = np.zeros(pixels.shape[:2], np.uint16)
    for number in range(1, field.nuclei.max() + 1):
        place, region = _outline(field, number)
        free = region & (labels[place] == 0)
        labels[place][free] = number
    return relabel_sequential(labels)[0].astype(np.uint16)


def _join_lobes(field: _Field, scale: float) -> _Field:
    """Join two large lobes that lie in one round cell, as those of eosinophils do."""
    nuclei = field.nuclei.copy()
    for one, other in neighbours(field.nuclei, _LOBE_GAP / scale)[:_MOST_PAIRS]:
        pair = np.where(np.isin(nuclei, (one, other)), min(one, other), nuclei)
        if not ((nuclei == one).any() and (nuclei == other).any()):
            continue  # Joined to a third.
        _place, region = _outline(field._replace(nuclei=pair), min(one, other))
        cell = regionprops(region.astype(np.uint8))[0]
        is_round = cell.axis_minor_length >= _ROUND * cell.axis_major_length
        if is_round and cell.area * (scale / field.step) ** 2 <= _LARGEST_CELL:
            nuclei = pair
    return field._replace(nuclei=relabel_sequential(nuclei)[0])


def _outline(field: _Field, number: int) -> tuple[tuple[slice, ...], np.ndarray]:
    """Return the window around a nucleus, in pixels of the field, and its cell in it."""
    small = _window(field.nuclei, number)
    place = tuple(
        slice(side.start * field.step, min(side.stop * field.step, length))
        for side, length in zip(small, field.pixels.shape, strict=False)
    )
    pixels = field.pixels[place]
    density = optical_density(pixels, local_ground(pixels, field.ground))
    shape = density.shape[:2]
    numbers = resize(field.nuclei[small], shape, order=0, preserve_range=True, anti_aliasing=False)
    nearest = ndimage.distance_transform_edt(
        numbers == 0, return_distances=False, return_indices=True
    )
    own = numbers[tuple(nearest)] == number
    stained = nuclear_mask(density)
    pieces = label(stained & own)
    nucleus = np.isin(pieces, np.setdiff1d(pieces[numbers == number], 0))
    if not nucleus.any():
        nucleus = numbers == number
    zoom = NUCLEUS_RADIUS / np.sqrt(nucleus.sum() / np.pi)
    scaled = tuple(max(round(side * zoom), 1) for side in shape)
    masks = [_resized(mask, scaled) for mask in (nucleus, stained | nucleus, ~own)]
    region = outline_cell(resize(density, (*scaled, 3), order=1, anti_aliasing=True), *masks)
    return place, _resized(region, shape)


def _window(nuclei: np.ndarray, number: int) -> tuple[slice, ...]:
    rows, columns = np.nonzero(nuclei == number)
    margin = int(_MARGIN * np.sqrt(len(rows) / np.pi)) + 2
    return tuple(
        slice(max(int(side.min()) - margin, 0), min(int(side.max()) + margin + 1, length))
        for side, length in zip((rows, columns), nuclei.shape, strict=True)
    )


def _resized(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return resize(mask.astype(np.float32), shape, order=1, anti_aliasing=True) > 0.5
