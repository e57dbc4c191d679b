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


class CutInMemory(NamedTuple):
    """Cells that were cut out of fields, and what has become of the fields."""

    cells: list[tuple[str, Image.Image]]  # A name, such as "field.png, cell 3", and 450 px RGB.
    summary: CutSummary


def cut_in_memory(fields: Sequence[tuple[str, bytes]], settings: CutSettings) -> CutInMemory:
    """Cut the cells of fields as `cut_fields` does, at the same scale.

    Args:
        fields: A name and the content of a picture file, each.
        settings: `masks` has no meaning here.
    """
    names = [name if place == 0 else f"{name} ({place + 1})" for name, place in _numbered(fields)]
    files = [FieldFile(Path(name), name, name, "") for name in names]
    content_of_path = {file.path: data for file, (_, data) in zip(files, fields, strict=True)}
    cut = CutInMemory([], CutSummary())

    def read(path: Path) -> np.ndarray:
        return np.asarray(decode_picture(content_of_path[path]))

    for job in plan_cutting(files, settings, cut.summary, read=read):
        try:
            _, cells = find_cells(
                read(job.file.path),
                microns_per_pixel=job.microns_per_pixel,
                zoom=job.zoom,
                normalise=settings.normalise,
            )
        except (*READ_ERRORS, FieldError) as error:
            cut.summary.problems.append(f"{job.file.field}: {reason(error)}")
            continue
        cut.summary.num_fields += 1
        for cell in cells:
            cut.summary.count(cell)
            if cell.image is not None:
                name = f"{job.file.field}, cell {cell.number}"
                cut.cells.append((name, Image.fromarray(cell.image)))
    return cut


def _numbered(fields: Sequence[tuple[str, bytes]]) -> list[tuple[str, int]]:
    """Each name, and how many fields before it have the same one."""
    names = [name for name, _ in fields]
    return [(name, names[:place].count(name)) for place, name in enumerate(names)]
