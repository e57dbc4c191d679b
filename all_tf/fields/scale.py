"""The scale of fields, in micrometres a pixel: from the size of their red cells."""

from typing import NamedTuple

import numpy as np

from all_tf.fields.nuclei import find_nuclei
from all_tf.fields.red_cells import red_cell_diameters
from all_tf.fields.segment import reduced_density

RED_CELL_MICRONS = 7.5  # Diameter of a red cell in a dry smear: 7 to 8.
# C-NMC publishes none. Its normal cells, of 179 px, are taken to be 10.7 um wide and its blasts, of
# 215 px, 12.9 um, as in books; docs/fields.md says how sure that is.
CNMC_MICRONS_PER_PIXEL = 0.06
LEAST_SCALE, MOST_SCALE = 0.01, 1.0  # Micrometres a pixel, of any microscope for smears.
_LEAST_ALONE, _LEAST_IN_HEAPS = 5, 10  # Red cells.
_MOST_OF_AREA = 0.7  # Of what is stained, that has a size that suits the nuclei.
_UNLIKE = 1.8  # Factor between a red cell and the size that the nuclei beside it suggest.


class RedCells(NamedTuple):
    """Diameters of red cells in pixels, and what the nuclei suggest for them."""

    alone: np.ndarray
    in_heaps: np.ndarray
    expected: float | None


class Scale(NamedTuple):
    """Micrometres a pixel, and where they are from, in words."""

    microns_per_pixel: float
    source: str


def measure_red_cells(pixels: np.ndarray) -> RedCells:
    """Measure the red cells of a field.

    Args:
        pixels: uint8 `(height, width, 3)`.

    Raises:
        FieldError: The picture is no field of view.
    """
    density, _, step = reduced_density(pixels)
    alone, in_heaps = red_cell_diameters(density)
    _, by_nuclei = find_nuclei(density, None)
    expected = RED_CELL_MICRONS / by_nuclei * step if by_nuclei else None
    return RedCells(alone * step, in_heaps * step, expected)


def scale_by_red_cells(measured: list[RedCells]) -> Scale | None:
    """Return the scale of fields of one microscope, by all their red cells; None if they have few.

    Args:
        measured: What `measure_red_cells` gave for each field.
    """
    expected = [field.expected for field in measured if field.expected]
    usual = float(np.median(expected)) if expected else None
    alone = _likely([field.alone for field in measured], usual)
    if len(alone) >= _LEAST_ALONE:
        text = f"{len(alone)} red cells that lie alone"
        return _scale(float(np.median(alone)), text)
    in_heaps = [field.in_heaps for field in measured]
    heaped, everything = _likely(in_heaps, usual), np.concatenate(in_heaps)
    if len(heaped) < _LEAST_IN_HEAPS or _area(heaped) < _MOST_OF_AREA * _area(everything):
        return None
    # By area, since what is cut by other cells is small.
    heaped = np.sort(heaped)
    middle = heaped[np.searchsorted(np.cumsum(heaped**2), _area(heaped) / 2)]
    return _scale(float(middle), f"{len(heaped)} red cells in heaps, within about 10 %")


def _area(diameters: np.ndarray) -> float:
    return float((diameters**2).sum())


def _likely(diameters: list[np.ndarray], usual: float | None) -> np.ndarray:
    """Join diameters, without those of platelets and dirt."""
    joined = np.concatenate(diameters)
    if usual is None or not len(joined):
        return joined
    return joined[(joined > usual / _UNLIKE) & (joined < usual * _UNLIKE)]


def _scale(diameter: float, text: str) -> Scale | None:
    microns = RED_CELL_MICRONS / diameter
    if not LEAST_SCALE <= microns <= MOST_SCALE:
        return None
    return Scale(microns, f"{text}: {diameter:.1f} px, taken as {RED_CELL_MICRONS} um")
