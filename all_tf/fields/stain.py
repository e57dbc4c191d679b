"""Brings the colours of a cell to the range of C-NMC's (Reinhard et al., 2001)."""

import numpy as np

# Mean and standard deviation in l, alpha and beta, over the pixels of a cell, averaged over 2,103
# cells of C-NMC's training set.
CNMC_MEAN = np.array([-1.228, -0.1846, 0.0385])
CNMC_SD = np.array([0.1777, 0.0365, 0.0077])
_DARKEST = 1 / 255  # Black has no logarithm.
_LMS_OF_RGB = np.array(
    [[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]]
)
_LAB_OF_LMS = np.diag([1 / np.sqrt(3), 1 / np.sqrt(6), 1 / np.sqrt(2)]) @ np.array(
    [[1, 1, 1], [1, 1, -2], [1, -1, 0]]
)


def normalise_stain(image: np.ndarray) -> np.ndarray:
    """Give the cell of an image the mean colour and the contrasts of C-NMC's cells.

    Each channel of l-alpha-beta, a space whose channels hardly depend on each other, is shifted
    and stretched (E. Reinhard et al., Color Transfer between Images, IEEE CG&A 21(5), 2001,
    equations 10 and 11). What is black stays black.

    Args:
        image: uint8 `(height, width, 3)`, a cell on black.
    """
    inside = image.any(axis=2)
    if not inside.any():
        return image
    values = to_lab(image[inside])
    spread = np.maximum(values.std(axis=0), 1e-6)
    moved = (values - values.mean(axis=0)) / spread * CNMC_SD + CNMC_MEAN
    out = np.zeros_like(image)
    out[inside] = np.maximum(_to_rgb(moved), 1)  # Not 0: black is what lies around the cell.
    return out


def to_lab(colours: np.ndarray) -> np.ndarray:
    """Return l, alpha and beta of colours.

    Args:
        colours: uint8 `(n, 3)`.

    Returns:
        float64 `(n, 3)`.
    """
    lms = np.maximum(colours / 255, _DARKEST) @ _LMS_OF_RGB.T
    return np.log10(lms) @ _LAB_OF_LMS.T


def _to_rgb(values: np.ndarray) -> np.ndarray:
    lms = 10 ** (values @ np.linalg.inv(_LAB_OF_LMS).T)
    rgb = lms @ np.linalg.inv(_LMS_OF_RGB).T
    return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)
