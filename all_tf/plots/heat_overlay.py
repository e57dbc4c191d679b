"""Heat laid over cells, as pictures."""

import numpy as np
from matplotlib import colormaps

from all_tf.plots.cell_images import brighten

_COLOURS = "inferno"  # Light rises with heat, so that it reads in grey and to colour-blind eyes.
_STRONGEST = 0.85  # Share of the heat's colour where it is hottest; the cell stays in sight.


def lay_over(images: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Grey cells under heat, which covers the more the hotter it is.

    Args:
        images: `(n, s, s, 3)` in [0, 255].
        heat: `(n, s, s)` in [0, 1]; what is outside is taken for the nearest end.

    Returns:
        uint8 `(n, s, s, 3)`.
    """
    heat = np.clip(heat, 0, 1)
    grey = brighten(images).mean(axis=-1, keepdims=True)
    share = _STRONGEST * heat[..., np.newaxis]
    coloured = 255 * colormaps[_COLOURS](heat)[..., :3]
    return np.rint((1 - share) * grey + share * coloured).astype(np.uint8)


def scaled(heat: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Heat `(n, ...)` over a peak for each map, `(n,)`; a map without heat stays without."""
    peak = np.where(peak > 0, peak, 1).reshape(-1, *[1] * (heat.ndim - 1))
    return np.maximum(heat, 0) / peak
