"""Heat maps over grey images of cells."""

import numpy as np
from matplotlib import colormaps

from all_tf.plots.cell_images import brighten

HEAT_COLOURS = (
    "inferno"  # Lighter is hotter, so that it can be read in grey and by the colour-blind.
)
_STRONGEST = 0.85  # Opacity of the hottest heat, under which the cell can still be seen.


def lay_over(images: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Grey images with heat over them: the hotter, the less transparent.

    Args:
        images: `(n, s, s, 3)` in [0, 255].
        heat: `(n, s, s)` in [0, 1]; other values are clipped.

    Returns:
        uint8 `(n, s, s, 3)`.
    """
    heat = np.clip(heat, 0, 1)
    grey = brighten(images).mean(axis=-1, keepdims=True)
    share = _STRONGEST * heat[..., np.newaxis]
    coloured = 255 * colormaps[HEAT_COLOURS](heat)[..., :3]
    return np.rint((1 - share) * grey + share * coloured).astype(np.uint8)


def scaled(heat: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Heat `(n, ...)` divided by the peak of each map, `(n,)`; negative heat becomes 0."""
    peak = np.where(peak > 0, peak, 1).reshape(-1, *[1] * (heat.ndim - 1))
    return np.maximum(heat, 0) / peak
