"""Near-duplicates of a records directory: listed with their patients, exact copies left out."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.conftest import read_rows
from tfrecords.packing.encode_cache import encode_all
from tfrecords.packing.near_duplicate_scan import read_suspects, scan, write_suspects
from tfrecords.packing.summary import describe_packed
from tfrecords.packing.writer import Packed
from tfrecords.sources.cnmc import find_images
from tfrecords.store.index import IndexRow
from tfrecords.synthetic.cells import draw_cell
from tfrecords.synthetic.write import encode_bmp


@pytest.fixture
def images(draw_source):
    """Five cells; the second is the first turned and compressed, the third its exact copy."""
    root = draw_source({f"fold_0/all/UID_{n}_1_1_all.bmp": n for n in range(1, 6)})
    cells = [draw_cell(np.random.default_rng(n), label=1) for n in range(3)]
    jpeg = io.BytesIO()
    Image.fromarray(np.rot90(cells[0])).save(jpeg, "JPEG", quality=90)
    pixels = [cells[0], np.asarray(Image.open(jpeg)), cells[0], cells[1], cells[2]]
    found = find_images(root)
    for image, cell in zip(found, pixels, strict=True):
        image.path.write_bytes(encode_bmp(cell))
    return found


def look(images, folder):
    places = list(encode_all(images, folder / "spool", num_workers=1))
    names = [image.name for image in images]
    return scan(places, names, num_workers=1, progress=lambda items, *_: items)


def test_altered_copies_are_suspects_and_exact_ones_are_not(images, tmp_path):
    pairs = {(pair.name_a[10], pair.name_b[10]) for pair in look(images, tmp_path)}
    assert pairs == {("1", "2"), ("2", "3")}  # Of train/UID_1_1_1_all.bmp and so on.


def test_list_names_patients_and_groups_and_reads_back(images, tmp_path):
    suspects = look(images, tmp_path)
    rows = [
        IndexRow(image.name, "train", 1, image.patient, f"g{image.patient}", "", 0, "", "")
        for image in images
    ]
    write_suspects(tmp_path, suspects, rows)
    assert read_suspects(tmp_path) == suspects
    line = read_rows(tmp_path / "suspects.csv")[0]
    assert (line["patient_a"], line["group_b"]) == ("1", "g2")
    folds = {image.name: int(image.patient) % 2 for image in images}
    text = describe_packed(Packed(rows, folds, "grouped"), suspects)
    assert (
        "2 pairs look the same but differ in pixels, 2 of them in two groups of patients, 2" in text
    )


def test_pair_that_looks_the_same_under_both_classes_is_warned_of(images, tmp_path):
    suspects = look(images, tmp_path)
    rows = [
        IndexRow(image.name, "train", number % 2, image.patient, image.patient, "", 0, "", "")
        for number, image in enumerate(images)
    ]
    text = describe_packed(Packed(rows, {}, "grouped"), suspects)
    pair = f"{suspects[0].name_a} = {suspects[0].name_b}"
    assert f"WARNING: look the same under both classes: {pair}" in text
    same = [row._replace(label=1) for row in rows]
    assert "both classes" not in describe_packed(Packed(same, {}, "grouped"), suspects)


def test_records_without_a_scan_have_no_list(tmp_path):
    assert read_suspects(tmp_path) is None
