"""Gives each field its scale, before anything is cut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from all_tf.fields.field_files import READ_ERRORS, FieldFile, read_field, reason
from all_tf.fields.found_cells import CellOfField
from all_tf.fields.optical_density import FieldError
from all_tf.fields.scale import (
    CNMC_MICRONS_PER_PIXEL,
    RedCells,
    Scale,
    measure_red_cells,
    scale_by_red_cells,
)
from all_tf.system.progress import track


class CutSettings(NamedTuple):
    """What is written, and at which scale."""

    microns_per_pixel: float | None = None  # Of the fields; None: from their red cells.
    native_scale: bool = False  # Whether a pixel of the field stays a pixel of the cell.
    masks: bool = False
    normalise: bool = False  # Whether the stain is brought to C-NMC's range.
    # What helps where the scale is unknown; the page has no options.
    advice: str = "Pass --microns-per-pixel, or --native-scale to leave the pixels as they are"


@dataclass
class CutSummary:
    """What has become of the fields."""

    num_fields: int = 0
    num_cut: int = 0
    num_at_edge: int = 0
    num_too_large: int = 0
    scales: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def count(self, cell: CellOfField) -> None:
        """Count a cell that was found."""
        self.num_cut += cell.image is not None
        self.num_at_edge += cell.at_edge
        self.num_too_large += cell.image is None and not cell.at_edge


class CutJob(NamedTuple):
    """A field with the micrometres of its pixels, and the zoom of its cells."""

    file: FieldFile
    microns_per_pixel: float | None
    zoom: float


def _read(file: FieldFile) -> np.ndarray:
    return read_field(file.path)


def plan_cutting(
    fields: Sequence[FieldFile],
    settings: CutSettings,
    summary: CutSummary,
    *,
    read: Callable[[FieldFile], np.ndarray] = _read,
) -> list[CutJob]:
    """Give each field its scale; fields of one size in pixels are taken to be of one microscope.

    Args:
        fields: What `find_fields` found; all differ.
        settings: How they are to be cut.
        summary: Is given the scales, and a problem for each field without one.
        read: Gives the pixels of a field; raises what `read_field` does.

    Returns:
        The fields that can be cut, in their order.
    """
    if settings.microns_per_pixel:
        summary.scales.append(f"{settings.microns_per_pixel:.4g} um a pixel, as given")
        zoom = 1.0 if settings.native_scale else _zoom(settings.microns_per_pixel)
        return [CutJob(file, settings.microns_per_pixel, zoom) for file in fields]
    measured: dict[tuple[int, int], list[tuple[FieldFile, RedCells]]] = {}
    for file in track(fields, "measuring red cells", len(fields), unit="field"):
        try:
            pixels = read(file)
            red_cells = measure_red_cells(pixels)
        except (*READ_ERRORS, FieldError) as error:
            summary.problems.append(f"{file.shown}: {reason(error)}")
            continue
        size = (pixels.shape[1], pixels.shape[0])
        measured.setdefault(size, []).append((file, red_cells))
    jobs = []
    for size, group in measured.items():
        scale = scale_by_red_cells([red_cells for _, red_cells in group])
        jobs += _jobs(size, [file for file, _ in group], scale, settings, summary)
    order = {file: place for place, file in enumerate(fields)}
    return sorted(jobs, key=lambda job: order[job.file])


def _jobs(
    size: tuple[int, int],
    files: list[FieldFile],
    scale: Scale | None,
    settings: CutSettings,
    summary: CutSummary,
) -> list[CutJob]:
    which = f"{len(files)} fields of {size[0]}x{size[1]}"
    if scale:
        summary.scales.append(f"{which}: {scale.microns_per_pixel:.4f} um a pixel ({scale.source})")
    elif settings.native_scale:
        summary.scales.append(f"{which}: scale unknown, pixels as they are")
    else:
        summary.problems += [
            f"{file.shown}: the scale is unknown: too few red cells to measure. {settings.advice}"
            for file in files
        ]
        return []
    microns = scale.microns_per_pixel if scale else None
    zoom = _zoom(microns) if microns and not settings.native_scale else 1.0
    return [CutJob(file, microns, zoom) for file in files]


def _zoom(microns_per_pixel: float) -> float:
    return microns_per_pixel / CNMC_MICRONS_PER_PIXEL
