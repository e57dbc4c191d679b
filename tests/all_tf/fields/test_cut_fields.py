"""The command's work on drawn fields: cells, tables, masks, problems."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from all_tf.data.patient_column import patient_lookup
from all_tf.fields.cut_fields import cut_fields
from all_tf.fields.cutting_plan import CutSettings
from all_tf.fields.field_files import find_fields
from all_tf.fields.optical_density import FieldError
from all_tf.fields.scale import CNMC_MICRONS_PER_PIXEL
from tests.all_tf.fields.drawn_fields import (
    MICRONS_PER_PIXEL,
    draw_field,
    spread_red_cells,
    write_field,
)
from tfrecords.sources.folders import find_folder_images

BOX = ("xmin", "ymin", "xmax", "ymax", "area")
CELLS = [(150, 150), (150, 450), (470, 320)]  # The last one at the edge.


def draw_slides(folder: Path) -> Path:
    """Write a field of three cells for each of two patients."""
    field = draw_field(CELLS, red_cells=spread_red_cells(away_from=CELLS))
    write_field(folder / "P 1" / "Feld ä.png", field)
    write_field(folder / "P2" / "x.tif", field)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cut(source: Path, out: Path, **settings):
    fields, problems = find_fields([source])
    plan = CutSettings(**settings)
    return cut_fields(fields, out, plan, overwrite=False, problems=problems)


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native")
    summary = cut(draw_slides(folder / "in"), folder / "out", native_scale=True, masks=True)
    return folder, summary


def test_cells_at_the_edge_are_counted_and_left_out(native):
    _, summary = native
    assert (summary.num_fields, summary.num_cut, summary.num_at_edge) == (2, 4, 2)
    assert not summary.problems


def test_table_lists_every_cell(native):
    folder, _ = native
    rows = rows_of(folder / "out" / "cells.csv")
    assert list(rows[0]) == ["field", "cell", *BOX, "touches_edge", "file"]
    assert [(row["field"], row["cell"]) for row in rows] == [
        (field, str(number)) for field in ("P 1/Feld ä.png", "P2/x.tif") for number in (1, 2, 3)
    ]
    for row in rows:
        assert bool(row["file"]) == (row["touches_edge"] == "0")
        assert not row["file"] or (folder / "out" / row["file"]).is_file()
    assert rows[0]["file"] == "cells/P 1/Feld ä_001.png"


def test_masks_hold_all_cells_and_agree_with_the_table(native):
    folder, _ = native
    labels = np.array(Image.open(folder / "out" / "masks" / "x_labels.png"))
    assert labels.dtype == np.uint16
    assert labels.shape == (480, 640)
    rows = [row for row in rows_of(folder / "out" / "cells.csv") if row["field"] == "P2/x.tif"]
    for row in rows:
        cell = labels == int(row["cell"])
        ys, xs = np.nonzero(cell)
        box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1, cell.sum())
        assert [str(x) for x in box] == [row[key] for key in BOX]


def test_pixels_at_native_scale_are_copied(native):
    folder, _ = native
    field = np.array(Image.open(folder / "in" / "P2" / "x.tif"))
    labels = np.array(Image.open(folder / "out" / "masks" / "x_labels.png"))
    image = np.array(Image.open(folder / "out" / "cells" / "P2" / "x_001.png"))
    assert image.shape == (450, 450, 3)
    assert np.array_equal(image[image.any(axis=2)], field[labels == 1])


def test_patients_stand_in_a_table_with_labels_to_fill_in(native):
    folder, _ = native
    rows = rows_of(folder / "out" / "patients.csv")
    assert {row["patient"] for row in rows} == {"P 1", "P2"}
    assert all(row["label"] == "" and (folder / "out" / row["path"]).is_file() for row in rows)


@pytest.mark.parametrize("patient", ["-7", "=P1", "'-7", "P 1"])
def test_packer_and_predict_read_the_name_of_the_folder(patient, tmp_path):
    write_field(tmp_path / "in" / patient / "x.png", draw_field(CELLS[:1]))
    cut(tmp_path / "in", tmp_path / "out", native_scale=True)
    table = tmp_path / "out/patients.csv"
    (row,) = rows_of(table)
    assert patient_lookup(str(table))(str(tmp_path / "out" / row["path"])) == patient
    table.write_text(table.read_text().replace(".png,,", ".png,all,"))
    (image,) = find_folder_images(table, patient_per_image=False)
    assert image.patient == patient


def test_pictures_to_look_at_are_there(native):
    folder, _ = native
    sheet = np.array(Image.open(folder / "out" / "contact_sheet_1.png"))
    assert sheet.shape[1] == 1200
    outlined = np.array(Image.open(folder / "out" / "outlines" / "Feld ä.png"))
    assert outlined.shape == (480, 640, 3)
    assert (outlined == (0, 200, 0)).all(axis=2).any()
    assert (outlined == (230, 120, 0)).all(axis=2).any()


def test_cells_come_out_at_the_scale_of_cnmc(tmp_path):
    summary = cut(draw_slides(tmp_path / "in"), tmp_path / "out")
    zoom = MICRONS_PER_PIXEL / CNMC_MICRONS_PER_PIXEL
    row = rows_of(tmp_path / "out" / "cells.csv")[0]
    image = np.array(Image.open(tmp_path / "out" / row["file"]))
    assert image.any(axis=2).sum() == pytest.approx(int(row["area"]) * zoom**2, rel=0.12)
    assert "red cells" in summary.scales[0]
    assert not (tmp_path / "out" / "masks").exists()


def test_given_scale_is_taken(tmp_path):
    source = write_field(tmp_path / "in" / "x.bmp", draw_field(CELLS[:2]))
    summary = cut(source, tmp_path / "out", microns_per_pixel=CNMC_MICRONS_PER_PIXEL * 2)
    row = rows_of(tmp_path / "out" / "cells.csv")[0]
    image = np.array(Image.open(tmp_path / "out" / row["file"]))
    assert image.any(axis=2).sum() == pytest.approx(int(row["area"]) * 4, rel=0.03)
    assert "as given" in summary.scales[0]


def test_unknown_scale_stops_before_anything_is_written(tmp_path):
    source = write_field(tmp_path / "in" / "x.png", draw_field(CELLS[:1]))
    with pytest.raises(FieldError, match="microns-per-pixel"):
        cut(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_broken_file_is_named_and_the_others_are_cut(tmp_path):
    source = draw_slides(tmp_path / "in")
    whole = (source / "P2" / "x.tif").read_bytes()
    (source / "P2" / "broken.tif").write_bytes(whole[: len(whole) // 2])
    summary = cut(source, tmp_path / "out")
    assert summary.num_cut == 4
    assert len(summary.problems) == 1
    assert "broken.tif" in summary.problems[0]


def test_field_without_cells_is_written_with_empty_tables(tmp_path):
    source = write_field(tmp_path / "in" / "x.png", draw_field(red_cells=spread_red_cells()))
    summary = cut(source, tmp_path / "out")
    assert (summary.num_fields, summary.num_cut) == (1, 0)
    assert rows_of(tmp_path / "out" / "cells.csv") == []


def test_earlier_result_stays(tmp_path):
    source = draw_slides(tmp_path / "in")
    cut(source, tmp_path / "out", native_scale=True)
    with pytest.raises(FileExistsError, match="--overwrite"):
        cut(source, tmp_path / "out", native_scale=True)


def test_stain_is_normalised_where_asked(tmp_path):
    source = draw_slides(tmp_path / "in")
    cut(source, tmp_path / "out", native_scale=True, normalise=True)
    image = np.array(Image.open(tmp_path / "out" / "cells" / "P2" / "x_001.png"))
    assert image[image.any(axis=2)].mean(axis=0) == pytest.approx((68, 29, 79), abs=12)
