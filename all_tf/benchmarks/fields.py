"""How well white cells are found and outlined, on fields with boxes and on cells with masks."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from skimage.measure import regionprops

from all_tf.fields.cutting_plan import CutSettings, CutSummary, plan_cutting
from all_tf.fields.field_files import find_fields, read_field
from all_tf.fields.segment import segment_field
from all_tf.system.progress import track

MASKED_SETS = ("cells_120", "cells_300")
_FOUND = 0.5  # Intersection over union of the boxes.
_MASK = "_mask"


class _Box(NamedTuple):
    xmin: int
    ymin: int
    xmax: int
    ymax: int

    @property
    def area(self) -> int:
        return max(self.xmax - self.xmin, 0) * max(self.ymax - self.ymin, 0)


def benchmark_fields(folder: Path) -> dict[str, dict[str, float | int | str]]:
    """Measure the search for cells on pictures with known answers.

    Args:
        folder: Holds `fields/` with `fields.csv` (picture, xmin, ymin, xmax, ymax, truncated), and
            sets of single cells, `cells_120/` and `cells_300/`, each picture NAME.png with
            NAME_mask.png, 0 outside the cell.

    Returns:
        Of the fields: the scale, `found`, the share of boxed cells that do not touch the edge whose
        box meets that of a found cell with an intersection over union of at least .5; and
        `false_per_field`, cells that meet no box in this way and do not touch the edge, where a
        box that the edge cuts needs only to be met. Of each set: the mean and the tenth percentile
        of Dice's coefficient of the whole cell, and the median.

    Raises:
        FileNotFoundError: `folder` lacks a part.
    """
    table = folder / "fields.csv"
    if not table.is_file():
        raise FileNotFoundError(f"No such table: {table}. Pass --source with the pictures.")
    boxes: dict[str, list[tuple[_Box, bool]]] = defaultdict(list)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            box = _Box(*(int(row[key]) for key in _Box._fields))
            boxes[row["picture"]].append((box, row["truncated"] == "1"))
    return {
        "fields": _measure_fields(folder / "fields", boxes),
        **{name: _measure_masks(folder / name) for name in MASKED_SETS},
    }


def _measure_fields(folder: Path, boxes: dict) -> dict[str, float | int | str]:
    fields, _ = find_fields([folder])
    summary = CutSummary()
    jobs = plan_cutting(fields, CutSettings(native_scale=True), summary)
    num_boxes = num_found = num_false = num_at_edge = 0
    for job in track(jobs, "fields", len(jobs), unit="field"):
        pixels = read_field(job.file.path)
        labels = segment_field(pixels, microns_per_pixel=job.microns_per_pixel)
        places = [cell.bbox for cell in regionprops(labels)]
        cells = [_Box(left, top, right, bottom) for top, left, bottom, right in places]
        known = boxes[job.file.path.name]
        whole = [box for box, truncated in known if not truncated]
        num_boxes += len(whole)
        num_found += sum(any(_overlap(box, cell) >= _FOUND for cell in cells) for box in whole)
        for cell in cells:
            if any(_overlap(box, cell) >= (0.1 if cut else _FOUND) for box, cut in known):
                continue
            at_edge = _touches(cell, pixels.shape)
            num_at_edge += at_edge
            num_false += not at_edge
    return {
        "scale": "; ".join(summary.scales),
        "num_fields": len(jobs),
        "num_boxes": num_boxes,
        "found": round(num_found / num_boxes, 4),
        "num_false": num_false,
        "false_per_field": round(num_false / len(jobs), 4),
        "num_without_box_at_edge": num_at_edge,
    }


def _measure_masks(folder: Path) -> dict[str, float | int | str]:
    pictures = sorted(path for path in folder.glob("*.png") if not path.stem.endswith(_MASK))
    if not pictures:
        raise FileNotFoundError(f"No pictures with masks in {folder}")
    scores = []
    for path in track(pictures, folder.name, len(pictures)):
        truth = read_field(path.with_name(f"{path.stem}{_MASK}.png")).max(axis=2) > 0
        labels = segment_field(read_field(path), microns_per_pixel=None)
        scores.append(_dice_of_best(labels, truth))
    low, middle = np.percentile(scores, (10, 50))
    return {
        "num_cells": len(scores),
        "dice": round(float(np.mean(scores)), 4),
        "dice_tenth_percentile": round(float(low), 4),
        "dice_median": round(float(middle), 4),
    }


def _dice_of_best(labels: np.ndarray, truth: np.ndarray) -> float:
    """Return Dice's coefficient of the found cell that shares most with the known one."""
    shared = np.bincount(labels[truth], minlength=2)[1:]
    found = labels == shared.argmax() + 1
    return 2 * float((found & truth).sum()) / float(found.sum() + truth.sum())


def _overlap(one: _Box, other: _Box) -> float:
    """Return the intersection over union of two boxes."""
    lows = (max(one.xmin, other.xmin), max(one.ymin, other.ymin))
    shared = _Box(*lows, min(one.xmax, other.xmax), min(one.ymax, other.ymax)).area
    return shared / (one.area + other.area - shared)


def _touches(cell: _Box, shape: tuple[int, ...]) -> bool:
    return min(cell[:2]) == 0 or cell.xmax == shape[1] or cell.ymax == shape[0]
