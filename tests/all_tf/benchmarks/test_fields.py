"""The benchmark of fields on drawn pictures, and on the real ones where they are."""

import csv
import shutil

import numpy as np
import pytest

from all_tf.benchmarks.fields import benchmark_fields
from tests.all_tf.fields.drawn_fields import (
    CELL_RADIUS,
    disc,
    draw_field,
    spread_red_cells,
    write_field,
)
from tests.conftest import ROOT

REAL = ROOT.parent / "shared" / "smear_real"
CELLS = [(150, 150), (150, 450), (330, 320)]


def draw_source(folder, boxed):
    """Draw a field with boxes of some of its cells, and a set of one cell with its mask each."""
    pixels = draw_field(CELLS, red_cells=spread_red_cells(away_from=CELLS))
    write_field(folder / "fields" / "1.png", pixels)
    with (folder / "fields.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("picture", "xmin", "ymin", "xmax", "ymax", "truncated"))
        for row, column in boxed:
            table.writerow(("1.png", column - 40, row - 40, column + 40, row + 40, 0))
    mask = disc((240, 240), (120, 120), CELL_RADIUS)
    for name in ("cells_120", "cells_300"):
        write_field(folder / name / "1.png", draw_field([(120, 120)], size=(240, 240)))
        write_field(folder / name / "1_mask.png", np.where(mask, 128, 0).astype(np.uint8))
    return folder


def part_of(source, folder, *, every):
    """Copy one picture in so many, with its boxes or its mask."""
    for name in ("fields", "cells_120", "cells_300"):
        (folder / name).mkdir()
        pictures = sorted(x for x in (source / name).iterdir() if not x.stem.endswith("_mask"))
        for picture in pictures[::every]:
            for path in (source / name).glob(f"{picture.stem}[._]*"):
                shutil.copy(path, folder / name)
    with (source / "fields.csv").open() as file:
        head, *rows = file.read().splitlines()
    kept = [row for row in rows if (folder / "fields" / row.partition(",")[0]).exists()]
    (folder / "fields.csv").write_text("\n".join([head, *kept]) + "\n")
    return folder


def test_drawn_cells_are_found_and_outlined(tmp_path):
    answer = benchmark_fields(draw_source(tmp_path, CELLS))
    assert answer["fields"]["found"] == 1
    assert answer["fields"]["num_false"] == 0
    assert answer["cells_120"]["dice"] > 0.95


def test_cell_without_a_box_is_false_and_box_without_a_cell_missed(tmp_path):
    answer = benchmark_fields(draw_source(tmp_path, [*CELLS[:2], (420, 80)]))
    assert answer["fields"]["found"] == pytest.approx(2 / 3, abs=1e-3)
    assert answer["fields"]["num_false"] == 1


def test_missing_pictures_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="--source"):
        benchmark_fields(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="no real smears beside the checkout")
def test_real_smears_reach_what_docs_say(request, tmp_path):
    """On one picture in twenty; `make test-all` takes all of them."""
    every = 1 if request.config.getoption("all_architectures") else 20
    answer = benchmark_fields(part_of(REAL, tmp_path, every=every))
    boxes = answer["fields"]["num_boxes"]
    assert round((1 - answer["fields"]["found"]) * boxes) <= max(1, 0.02 * boxes)
    assert answer["fields"]["false_per_field"] <= 0.05
    assert answer["cells_120"]["dice"] >= 0.96
    assert answer["cells_300"]["dice"] >= 0.93
