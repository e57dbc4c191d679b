"""Numbers of a cell's image that its size, its colour, its focus and its scale change."""

from itertools import pairwise

import numpy as np
from scipy import ndimage

from all_tf.data.cell_features import box_of_colour, cell_mask

_SIGMAS = (0.5, 0.8, 1.2, 1.8, 2.7, 4.0)  # Of the blurs whose differences are bands, pixels.
_NUM_RINGS = 5  # One pixel wide, from the edge inwards; published cells fade over 1-2 pixels.
_INSIDE = 12  # Pixels from the edge at which three sigmas of the widest blur hardly meet black.
_LEAST = 1e-2  # Of a standard deviation, in grey levels: a plain patch has none.

MEASURES: dict[str, tuple[str, ...]] = {
    "size": ("area", "side"),
    "colour": tuple(f"{what}_{which}" for what in ("mean", "sd") for which in ("r", "g", "b")),
    "edge": tuple(f"ring{place}" for place in range(1, _NUM_RINGS + 1)),
    "texture": tuple(f"band{place}" for place in range(1, len(_SIGMAS) + 1)),
    "sharpness": tuple(f"band{place}_to_{place + 1}" for place in range(1, len(_SIGMAS))),
}


def measure_cell(image: np.ndarray) -> np.ndarray:
    """Measure the largest piece of an image that is not black.

    Size: the logarithms of its area and of the longer side of its box, in pixels. Colour: the
    logarithms of mean and standard deviation of each channel, so that a factor of brightness is a
    shift. Edge: the mean grey of the five outermost rings, as shares of that of the sixth. Texture:
    the logarithms of the standard deviation of six bands of grey, each the difference of two
    Gaussian blurs (none to .5 px, .5 to .8, up to 2.7 to 4), inside the cell; sharpness: what each
    band has more than the next, which no factor of brightness changes.

    Args:
        image: uint8 `(height, width, 3)`, not all black.

    Returns:
        float64 `(24,)`, finite, in the order of `MEASURES`.
    """
    image = image[box_of_colour(image)]  # Most of an image is black, which takes time, too.
    mask = cell_mask(image)
    box = ndimage.find_objects(mask.view(np.uint8))[0]
    mask, pixels = ndimage.binary_fill_holes(mask[box]), image[box].astype(np.float32)
    # A cell that reaches the edge of the image ends there, hence the padding.
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    # The mean to the bit, which over an axis of length 3 takes eight times as long.
    grey = (pixels[..., 0] + pixels[..., 1] + pixels[..., 2]) / np.float32(3)
    cell = np.ascontiguousarray(pixels[mask].T, np.float64)  # Along a short axis numpy is slow.
    bands = np.log(_bands(grey, depth > min(_INSIDE, depth.max() / 2)))
    outer = depth <= _NUM_RINGS + 1
    place, shade = np.ceil(depth[outer]), grey[outer]
    rings = np.array([_mean(shade[place == ring]) for ring in range(1, _NUM_RINGS + 2)])
    return np.concatenate(
        [
            np.log([np.count_nonzero(mask), max(mask.shape)]),
            np.log1p(cell.mean(axis=1)),
            np.log1p(cell.std(axis=1)),
            rings[:-1] / (rings[-1] + 1),
            bands,
            bands[:-1] - bands[1:],
        ]
    ).astype(np.float64)


def _bands(grey: np.ndarray, inside: np.ndarray) -> np.ndarray:
    levels = [grey, *(ndimage.gaussian_filter(grey, sigma) for sigma in _SIGMAS)]
    pairs = pairwise(level[inside] for level in levels)
    return np.array([max(_LEAST, float(np.std(fine - blur))) for fine, blur in pairs])


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else 0.0
