"""Fields of view drawn for tests: pink ground, red discs, purple nuclei in paler cytoplasm."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

GROUND, RED_CELL = (232, 215, 220), (205, 140, 135)
CYTOPLASM, NUCLEUS, PLATELET = (190, 175, 220), (95, 50, 140), (150, 100, 190)
RED_RADIUS = 25.0  # Pixels: 7.5 micrometres are 50 px wide, so that a pixel is .15 micrometres.
MICRONS_PER_PIXEL = 0.15
CELL_RADIUS, NUCLEUS_RADIUS = 42.0, 30.0


def draw_field(
    cells=(),
    *,
    red_cells=(),
    platelets=(),
    size=(480, 640),
    seed=0,
) -> np.ndarray:
    """Draw a field, uint8 `(height, width, 3)`; all places are (row, column)."""
    pixels = np.empty((*size, 3))
    pixels[:] = GROUND
    for place in red_cells:
        pixels[disc(size, place, RED_RADIUS)] = RED_CELL
    for place in platelets:
        pixels[disc(size, place, 7)] = PLATELET
    for place in cells:
        pixels[disc(size, place, CELL_RADIUS)] = CYTOPLASM
    for place in cells:
        pixels[disc(size, place, NUCLEUS_RADIUS)] = NUCLEUS
    noise = np.random.default_rng(seed).normal(0, 2, pixels.shape)
    smooth = ndimage.gaussian_filter(pixels, (1, 1, 0)) + noise
    return np.clip(np.rint(smooth), 0, 255).astype(np.uint8)


def disc(size, place, radius: float) -> np.ndarray:
    """Return a disc, bool `size`."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    return (rows - place[0]) ** 2 + (columns - place[1]) ** 2 <= radius**2


def spread_red_cells(size=(480, 640), *, away_from=()) -> list[tuple[int, int]]:
    """Return places of red cells in rows, away from some cells."""
    places = [(row, column) for row in range(45, size[0], 75) for column in range(45, size[1], 75)]
    return [
        place
        for place in places
        if all(np.hypot(place[0] - row, place[1] - column) > 80 for row, column in away_from)
    ]


def write_field(path: Path, pixels: np.ndarray) -> Path:
    """Write a field in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
