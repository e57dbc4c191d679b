"""The best star-shaped region around a point, by dynamic programming over its radii."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage
from skimage.draw import polygon

_NUM_ANGLES = 96
_JUMP = 2  # Pixels by which the radius may change from one angle to the next.
_OUTSIDE = -1.0  # Score beyond the picture.
_UNEVEN = 1e-6  # Cost of a change of the radius: of equal regions the rounder one is taken.


def best_star(score: np.ndarray, centre: tuple[float, float], largest: int) -> np.ndarray:
    """Return the star-shaped region with the greatest sum of scores.

    A region is star-shaped if each ray from the centre leaves it once. Such a region is a radius
    for each angle, and the sum over it is a sum over angles; the best sequence of radii that
    changes by at most two pixels an angle is found exactly (Viterbi, 1967), over two turns, so
    that it closes.

    Args:
        score: `(height, width)`; positive inside, negative outside.
        centre: Row and column.
        largest: The largest radius, in pixels.

    Returns:
        bool `(height, width)`.
    """
    angles = np.arange(_NUM_ANGLES) * 2 * np.pi / _NUM_ANGLES
    radii = np.arange(largest, dtype=float)
    rays = np.sin(angles)[:, None], np.cos(angles)[:, None]
    places = [middle + ray * radii for middle, ray in zip(centre, rays, strict=True)]
    values = ndimage.map_coordinates(score, places, order=1, cval=_OUTSIDE)
    gain = np.cumsum(values * radii, axis=1)  # A ring's area grows with its radius.
    best = radii[_closed_path(gain)]
    rows, columns = (middle + ray[:, 0] * best for middle, ray in zip(centre, rays, strict=True))
    region = np.zeros(score.shape, bool)
    region[polygon(rows, columns, score.shape)] = True
    return region


def _closed_path(gain: np.ndarray) -> np.ndarray:
    """Return for each angle the radius of the best path.

    Args:
        gain: `(angles, radii)`.
    """
    num_angles, num_radii = gain.shape
    steps = np.arange(-_JUMP, _JUMP + 1)
    value, came_from = gain[0], []
    for row in np.concatenate([gain[1:], gain]):
        padded = np.pad(value, _JUMP, constant_values=-np.inf)
        options = sliding_window_view(padded, 2 * _JUMP + 1) - _UNEVEN * abs(steps)
        best = options.argmax(axis=1)
        came_from.append(np.arange(num_radii) + steps[best])
        value = np.take_along_axis(options, best[:, None], axis=1)[:, 0] + row
    path = [int(value.argmax())]
    for before in reversed(came_from):
        path.append(before[path[-1]])
    path.reverse()
    half = num_angles // 2  # Far from both ends of the two turns, the path has closed.
    return np.array([*path[num_angles : num_angles + half], *path[half:num_angles]])
