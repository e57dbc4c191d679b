"""Fields become a folder of cut cells, tables, label images and images to look at."""

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from all_tf.fields.cutting_plan import CutJob, CutSettings, CutSummary, plan_cutting
from all_tf.fields.field_files import READ_ERRORS, FieldFile, read_field, reason
from all_tf.fields.field_images import CELLS_A_SHEET, contact_sheet, outlined, thumbnail
from all_tf.fields.found_cells import CellOfField, find_cells
from all_tf.fields.optical_density import FieldError
from all_tf.system.progress import track
from tfrecords.codec.png import encode_png
from tfrecords.packing.atomic import fresh_directory
from tfrecords.store.files import atomic_write
from tfrecords.store.text_cells import cell_of_text

TABLE = "cells.csv"
_COLUMNS = ("field", "cell", "xmin", "ymin", "xmax", "ymax", "area", "touches_edge", "file")
_PATIENTS = "patients.csv"


def cut_fields(
    fields: Sequence[FieldFile],
    out: Path,
    settings: CutSettings,
    *,
    overwrite: bool,
    problems: Sequence[str] = (),
) -> CutSummary:
    """Find the white cells of fields and write them, with their tables and images.

    `out` appears when it is complete. A field that cannot be read, or has no known scale, is
    listed in `problems`, and the others are cut.

    Args:
        fields: What `find_fields` found.
        out: The folder to make.
        settings: What is written.
        overwrite: Whether an earlier result at `out` may be replaced.
        problems: Those of `find_fields`, to be listed with the others.

    Raises:
        FieldError: No field can be cut; nothing is written.
        FileExistsError: Something at `out` may not be replaced.
    """
    summary = CutSummary(problems=list(problems))
    with fresh_directory(out, overwrite=overwrite, marker=TABLE) as folder:
        for leftover in folder.iterdir():  # Of a process that was killed; nothing is resumed.
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        jobs = plan_cutting(fields, settings, summary)
        if not jobs:
            raise FieldError(_nothing(summary))
        writer = _Writer(folder, settings, summary)
        for job in track(jobs, "cutting cells", len(jobs), unit="field"):
            writer.cut(job)
        if not summary.num_fields:
            raise FieldError(_nothing(summary))
        writer.finish()
    return summary


def _nothing(summary: CutSummary) -> str:
    lines = "\n  ".join(summary.problems)
    return f"Nothing is written, since no field could be cut:\n  {lines}"


class _Writer:
    """Writes the cells field by field; holds the rows and small images until the end."""

    def __init__(self, folder: Path, settings: CutSettings, summary: CutSummary):
        self._folder, self._settings, self._summary = folder, settings, summary
        self._rows: list[dict[str, object]] = []
        self._patients: list[dict[str, object]] = []
        self._sheet: list[tuple[np.ndarray, str]] = []
        self._num_sheets = 0
        for name in ("cells", "outlines", *(["masks"] if settings.masks else [])):
            (folder / name).mkdir()

    def cut(self, job: CutJob) -> None:
        """Cut the cells of one field; one that cannot be read becomes a problem."""
        try:
            pixels = read_field(job.file.path)
            labels, cells = find_cells(
                pixels,
                microns_per_pixel=job.microns_per_pixel,
                zoom=job.zoom,
                normalise=self._settings.normalise,
            )
        except (*READ_ERRORS, FieldError) as error:
            self._summary.problems.append(f"{job.file.path}: {reason(error)}")
            return
        self._summary.num_fields += 1
        for cell in cells:
            self._add(job, cell)
        kept = [cell.number for cell in cells if cell.image is not None]
        name = job.file.name
        _save(self._folder / "outlines" / f"{name}.png", outlined(pixels, labels, kept))
        if self._settings.masks:
            _save(self._folder / "masks" / f"{name}_labels.png", Image.fromarray(labels))

    def _add(self, job: CutJob, cell: CellOfField) -> None:
        """Note a cell, and write its image if it was cut out."""
        top, left, bottom, right = cell.box
        relative = ""
        if cell.image is not None:
            relative = f"cells/{job.file.patient}/{job.file.name}_{cell.number:03}.png"
            self._write(cell.image, relative, job.file.patient)
        self._summary.count(cell)
        figures = (left, top, right, bottom, cell.area, int(cell.at_edge), relative)
        values = (job.file.field, cell.number, *figures)
        self._rows.append(dict(zip(_COLUMNS, values, strict=True)))

    def _write(self, image: np.ndarray, relative: str, patient: str) -> None:
        path = self._folder / relative
        path.parent.mkdir(exist_ok=True)
        with atomic_write(path) as partial:
            partial.write_bytes(encode_png(Image.fromarray(image)))
        self._patients.append({"path": relative, "label": "", "patient": patient})
        self._sheet.append((thumbnail(image), path.stem))
        if len(self._sheet) == CELLS_A_SHEET:
            self._end_sheet()

    def _end_sheet(self) -> None:
        if self._sheet:
            self._num_sheets += 1
            name = f"contact_sheet_{self._num_sheets}.png"
            _save(self._folder / name, contact_sheet(self._sheet))
            self._sheet = []

    def finish(self) -> None:
        """Write the last sheet and the tables."""
        self._end_sheet()
        _write_table(self._folder / _PATIENTS, self._patients, ("path", "label", "patient"))
        _write_table(self._folder / TABLE, self._rows, _COLUMNS)


def _save(path: Path, image: Image.Image) -> None:
    with atomic_write(path) as partial:
        image.save(partial, format="PNG")


def _write_table(path: Path, rows: list[dict[str, object]], columns: Sequence[str]) -> None:
    """Write a CSV file that has its header even if it has no row."""
    with atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows({key: cell_of_text(value) for key, value in row.items()} for row in rows)
