"""Fields in memory become cells in memory; nothing is written."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from all_tf.fields.cutting_plan import CutSettings, CutSummary, plan_cutting
from all_tf.fields.field_files import READ_ERRORS, FieldFile, reason
from all_tf.fields.found_cells import find_cells
from all_tf.fields.optical_density import FieldError
from tfrecords.codec.pictures import decode_picture
from tfrecords.names import unique_names

_CELL = ", cell "  # Between the name of a field and the number of a cell.


class _FieldInMemory(FieldFile):
    """A field that lies at no path."""

    @property
    def shown(self) -> str:
        return self.field


class CutInMemory(NamedTuple):
    """Cells that were cut out of fields, and what has become of the fields."""

    cells: list[tuple[str, Image.Image]]  # A name, such as "field.png, cell 3", and 450 px RGB.
    summary: CutSummary


def cut_in_memory(fields: Sequence[tuple[str, bytes]], settings: CutSettings) -> CutInMemory:
    """Cut the cells of fields as `cut_fields` does, at the same scale.

    Args:
        fields: A name and the content of a picture file, each; equal names are numbered.
        settings: `masks` has no meaning here.
    """
    names = unique_names([name for name, _ in fields])
    files = [_FieldInMemory(Path(), name, name, "") for name in names]
    # By name: as a path `a/1.png` would be `./a/1.png`.
    content_of = {name: content for name, (_, content) in zip(names, fields, strict=True)}
    cut = CutInMemory([], CutSummary())

    def read(file: FieldFile) -> np.ndarray:
        return np.asarray(decode_picture(content_of[file.field]))

    for job in plan_cutting(files, settings, cut.summary, read=read):
        try:
            _, cells = find_cells(
                read(job.file),
                microns_per_pixel=job.microns_per_pixel,
                zoom=job.zoom,
                normalise=settings.normalise,
            )
        except (*READ_ERRORS, FieldError) as error:
            cut.summary.problems.append(f"{job.file.shown}: {reason(error)}")
            continue
        cut.summary.num_fields += 1
        for cell in cells:
            cut.summary.count(cell)
            if cell.image is not None:
                name = f"{job.file.field}{_CELL}{cell.number}"
                cut.cells.append((name, Image.fromarray(cell.image)))
    return cut


def field_of(cell: str) -> str:
    """The name of the field that a cell of `cut_in_memory` was cut out of."""
    return cell.rpartition(_CELL)[0]
