"""Optical density of a field: how much darker each pixel is than the empty ground, in each channel.

Stains absorb light in proportion to their amount (Beer and Lambert), so densities of a pale and a
dark picture, or of two cameras, can be compared where their colours cannot. The nucleus absorbs red
and green, haemoglobin absorbs green and blue; the two channels below rest on that.
"""

import numpy as np
from scipy import ndimage

_DARK = 5  # Grey levels added to both sides of the ratio, so that black has a finite density.
_BLUR = 0.7  # Pixels; JPEG and sensor noise.
_LEAST_GROUND = 100  # Mean grey level; smears are photographed on bright ground.
_COLOURLESS = 6  # Grey levels between the channels; a stain differs by 30 or more.
_UNEVEN = 0.15  # Density of the darkest ground against the usual one.
_LEAST_EMPTY = 0.1  # Share of a field; the most crowded picture that was measured has .25.
_STAINED = 0.3  # Density of what is more than ground.
_GROUND_SPREAD = 12  # Sums of the three channels on either side of the most frequent one.


class FieldError(ValueError):
    """The picture is no field of view in which cells can be found; the message says why."""


def ground_colour(pixels: np.ndarray) -> np.ndarray:
    """Return the colour of the empty ground: the most frequent bright one.

    Args:
        pixels: uint8 `(height, width, 3)`.

    Returns:
        float64 `(3,)`.

    Raises:
        FieldError: The picture is dark, or has no colours.
    """
    brightness = pixels.sum(axis=2, dtype=np.int32)
    counts = np.bincount(brightness.ravel(), minlength=3 * 255 + 1)
    frequent = ndimage.uniform_filter1d(counts.astype(float), 2 * _GROUND_SPREAD + 1)
    brightest = np.searchsorted(np.cumsum(counts), 0.995 * brightness.size)
    least = int(0.55 * brightest)
    most_frequent = least + frequent[least:].argmax()
    colour = np.median(pixels[abs(brightness - most_frequent) <= _GROUND_SPREAD], axis=0)
    if (brightness == 0).mean() > 0.5 or colour.mean() < _LEAST_GROUND:
        raise FieldError(
            "no bright ground: expected a field of view in bright light; "
            "a cell that is cut out on black already needs no cutting"
        )
    return colour


def local_ground(pixels: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Return the colour of the ground in a part of a field, which is never lit quite evenly.

    Args:
        pixels: uint8 `(height, width, 3)`, the part.
        ground: Colour of the ground of the whole field.

    Returns:
        float64 `(3,)`; `ground` where too little of the part is empty.
    """
    empty = np.linalg.norm(optical_density(pixels, ground), axis=2) < _UNEVEN
    return np.median(pixels[empty], axis=0) if empty.mean() > 0.03 else ground


def optical_density(pixels: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Return the density of each pixel against the ground.

    Args:
        pixels: uint8 `(height, width, 3)`.
        ground: The colour of `ground_colour`.

    Returns:
        float32 `(height, width, 3)`, natural logarithms; 0 is ground, negative is brighter.
    """
    smooth = ndimage.gaussian_filter(pixels.astype(np.float32), (_BLUR, _BLUR, 0))
    return np.log((ground.astype(np.float32) + _DARK) / (smooth + _DARK))


def refuse_colourless(pixels: np.ndarray, density: np.ndarray) -> None:
    """Raise FieldError if what is stained has no colour, as in a grey picture."""
    stained = pixels[density[..., 1] > _STAINED]
    if len(stained) and np.median(np.ptp(stained, axis=1)) < _COLOURLESS:
        raise FieldError(
            "no colours: white and red cells are told apart by their stain; "
            "expected a colour picture"
        )


def refuse_groundless(density: np.ndarray) -> None:
    """Raise FieldError if hardly a pixel has the colour of the ground, as in noise."""
    if (np.linalg.norm(density, axis=2) < _UNEVEN).mean() < _LEAST_EMPTY:
        raise FieldError("no empty ground between cells: expected a field of view of a smear")


def nuclear_channel(density: np.ndarray) -> np.ndarray:
    """Return how much a pixel absorbs red and green but not blue: the nucleus stands out.

    Args:
        density: `(..., 3)`.

    Returns:
        `(...)`; nuclei have about 1.2 to 3, cytoplasm .5, red cells 0 to .3.
    """
    red, green, blue = np.moveaxis(np.clip(density, -0.2, (1.5, 2.0, 1.5)), -1, 0)
    return red + green - blue


def stain_hue(density: np.ndarray) -> np.ndarray:
    """Return how much more red than blue a pixel absorbs, as a share of what it absorbs of green.

    Args:
        density: `(..., 3)`.

    Returns:
        `(...)`; low where there is haemoglobin, high in blue cytoplasm.
    """
    red, green, blue = np.moveaxis(density, -1, 0)
    return (red - blue) / np.maximum(green, 0.08)
