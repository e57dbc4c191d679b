"""Draws one stained white blood cell on black, as C-NMC 2019 shows it.

Sizes and colours follow measurements on 3,928 published images. The classes differ in size (AUROC
about .85) and a little in colour. Each cell also has a hidden number, its blastness, which sets
what a haematologist looks at: the grain of the chromatin, the nucleoli and the share of the
nucleus. Blastness is an invented number: with it simple features reach an AUROC of .93 to .97, more
than on real cells.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_ANGLES = np.linspace(0.0, 2 * np.pi, 720, endpoint=False)
_MAX_RADIUS = 205.0  # Pixels. With the jitter of the centre a cell stays inside 450x450.
_FADE = 1.5  # Pixels from full colour to black at the edge.
_CHROMATIN_SD = np.array([6.5, 3.2, 3.5], np.float32)  # Red, green, blue.
_EDGE_RGB = np.array([-8.0, -1.0, 3.0], np.float32)
_SPOT_RGB = np.array([1.0, 0.75, 0.55], np.float32)  # Nucleoli are pinker than what is around.


@dataclass(frozen=True)
class _Look:
    """The looks of one class; lengths in pixels, colours in [0, 255]."""

    diameter: float
    diameter_sd: float
    smallest: float
    roughness: tuple[float, float]
    tail_chance: float
    nucleus: tuple[float, float, float]
    rim: tuple[float, float, float]
    blastness: float


_LOOK_OF_LABEL = {
    1: _Look(214.6, 18.0, 128.0, (0.025, 0.055), 0.05, (69, 27, 77), (88, 48, 96), 1.3),
    0: _Look(179.3, 22.0, 101.0, (0.018, 0.040), 0.02, (64, 24, 72), (84, 48, 93), -1.3),
}


def draw_cell(
    rng: np.random.Generator,
    *,
    label: int,
    size: int = 450,
    brightness: float = 0.0,
    diameter_offset: float = 0.0,
) -> np.ndarray:
    """Draw one cell near the centre of a black square.

    Args:
        rng: The only source of random numbers; its state changes. The same state gives the same
            pixels.
        label: 1 = ALL, 0 = HEM.
        size: Side of the square in pixels, at least 450. The scale of the cell does not change.
        brightness: The patient's offset of every channel, a few grey levels.
        diameter_offset: The patient's offset of the diameter, in pixels.

    Returns:
        uint8 `(size, size, 3)`, RGB. The background is exactly 0, the cell one 4-connected piece.

    Raises:
        ValueError: `label` is neither 0 nor 1, or `size` is below 450.
    """
    if label not in _LOOK_OF_LABEL or size < 450:
        raise ValueError(
            f"Expected a label of 0 or 1 and a size of at least 450 pixels. "
            f"Received: label={label!r}, size={size!r}"
        )
    look = _LOOK_OF_LABEL[label]
    blastness = look.blastness + rng.standard_normal()
    radii = _contour(rng, look, diameter_offset)
    centre = size / 2 + rng.normal(0.0, 2.5, 2)
    corner, rho, edge = _polar_box(centre, radii)
    colour = _colour(rng, look, blastness, rho, edge)
    alpha = np.clip((edge - rho) / _FADE + 0.5, 0.0, 1.0)[..., None]
    cell = _largest_piece(np.rint(np.clip(colour + brightness, 4, 255) * alpha).astype(np.uint8))
    image = np.zeros((size, size, 3), np.uint8)
    image[corner[0] : corner[0] + len(cell), corner[1] : corner[1] + cell.shape[1]] = cell
    return image


def _contour(rng, look: _Look, diameter_offset: float) -> np.ndarray:
    """Draw the radius in pixels at each of `_ANGLES`; one radius an angle keeps the cell whole."""
    diameter = rng.normal(look.diameter + diameter_offset, look.diameter_sd)
    diameter = np.clip(diameter, look.smallest, 254.0)
    ratio = np.clip(rng.normal(0.87, 0.07), 0.6, 1.0)
    tilted = _ANGLES - rng.uniform(0, np.pi)
    shape = 1 / np.hypot(np.cos(tilted), np.sin(tilted) / ratio)
    orders = np.arange(2, 25)[:, None]
    waves = np.cos(orders * _ANGLES + rng.uniform(0, 2 * np.pi, orders.shape))
    waves = (rng.standard_normal(orders.shape) * waves / orders**1.3).sum(0)
    shape *= 1 + rng.uniform(*look.roughness) * waves / waves.std()
    if rng.random() < look.tail_chance:
        away = np.angle(np.exp(1j * (_ANGLES - rng.uniform(0, 2 * np.pi))))
        shape += rng.uniform(0.2, 0.5) * np.exp(-0.5 * (away / rng.uniform(0.08, 0.2)) ** 2)
    shape *= diameter / 2 / np.sqrt(np.mean(shape**2))
    return np.minimum(shape, _MAX_RADIUS)


def _polar_box(centre: np.ndarray, radii: np.ndarray):
    """Compute the corner of the cell's box, and for each pixel in it two distances.

    The distances are from the centre to the pixel, and from the centre to the cell's edge in the
    direction of the pixel.
    """
    half = int(np.ceil(radii.max())) + 3
    corner = np.floor(centre).astype(int) - half
    rows, columns = np.ogrid[0 : 2 * half, 0 : 2 * half]
    rows, columns = rows + corner[0] - centre[0], columns + corner[1] - centre[1]
    rho = np.hypot(rows, columns).astype(np.float32)
    theta = np.arctan2(rows, columns, dtype=np.float32)
    return corner, rho, np.interp(theta, _ANGLES, radii, period=2 * np.pi).astype(np.float32)


def _colour(rng, look: _Look, blastness: float, rho, edge) -> np.ndarray:
    """Colour the nucleus, the cytoplasm, chromatin, nucleoli and noise: float32 `(h, w, 3)`."""
    clouds = _smooth_noise(rng, rho.shape, 14.0)
    share = np.clip(0.89 - 0.02 * blastness + rng.normal(0, 0.025), 0.75, 0.96)
    # The clouds bend the border of the nucleus: it should not repeat the outline of the cell.
    depth = np.float32(np.sqrt(share)) - rho / edge - 0.02 * clouds
    nucleus = np.clip(0.5 + depth / 0.08, 0.0, 1.0)[..., None]
    colour = nucleus * np.array(look.nucleus, np.float32)
    colour += (1 - nucleus) * np.array(look.rim, np.float32)
    colour += rng.normal(0, 3.0) + rng.normal(0, [3.5, 1.0, 2.5])
    # Towards the edge the nucleus turns from pink to blue.
    colour += np.exp(-np.maximum(depth, 0) / 0.12)[..., None] * nucleus * _EDGE_RGB
    colour += _chromatin(rng, blastness, clouds)[..., None] * _CHROMATIN_SD
    colour += _nucleoli(rng, blastness, rho.shape)[..., None] * _SPOT_RGB
    colour += 3.0 * rng.standard_normal((*rho.shape, 1), np.float32)
    colour += 2.0 * rng.standard_normal(colour.shape, np.float32)
    return ndimage.gaussian_filter(colour, (1.0, 1.0, 0), truncate=3.0)


def _chromatin(rng, blastness: float, clouds: np.ndarray) -> np.ndarray:
    """Draw chromatin of mean 0 and sd about 1: fine in a blast, coarse in a mature lymphocyte."""
    grain = np.clip(5.5 - 1.2 * blastness + rng.normal(0, 0.3), 2.2, 10.0)
    mixed = 0.75 * _smooth_noise(rng, clouds.shape, grain) + 0.66 * clouds
    # Skewed to the right: pale threads on a dark ground, with fewer dark threads.
    contrast = np.float32(np.clip(rng.normal(1.0, 0.2), 0.5, 1.6))
    return contrast * (mixed + 0.15 * (mixed**2 - 1))


def _nucleoli(rng, blastness: float, shape: tuple[int, int]) -> np.ndarray:
    """Draw the light that the pale spots add; a blast has more, larger and paler spots."""
    light = np.zeros(shape, np.float32)
    across = np.arange(shape[0], dtype=np.float32) - shape[0] / 2
    for _ in range(int(np.clip(np.rint(1.9 + 1.0 * blastness + rng.normal(0, 0.4)), 0, 6))):
        angle, distance = rng.uniform(0, 2 * np.pi), 0.3 * shape[0] * np.sqrt(rng.random())
        radii = np.clip(5.5 + 1.1 * blastness + rng.normal(0, 0.8, 2), 3.0, 10.0)
        rows = np.exp(-0.5 * ((across - distance * np.sin(angle)) / radii[0]) ** 2)
        columns = np.exp(-0.5 * ((across - distance * np.cos(angle)) / radii[1]) ** 2)
        light += rng.uniform(10, 30) * rows[:, None] * columns
    return light


def _smooth_noise(rng, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Draw float32 Gaussian noise of mean 0 and sd 1, smoothed over `sigma` pixels."""
    white = rng.standard_normal(shape, np.float32)
    smooth = ndimage.gaussian_filter(white, sigma, mode="wrap", truncate=3.0)
    return (smooth - smooth.mean()) / smooth.std()


def _largest_piece(cell: np.ndarray) -> np.ndarray:
    """Remove, in place, the specks that rounding has cut off at the edge; return the cell."""
    pieces, num_pieces = ndimage.label(cell.any(-1))
    if num_pieces > 1:
        cell[pieces != np.bincount(pieces.ravel())[1:].argmax() + 1] = 0
    return cell
