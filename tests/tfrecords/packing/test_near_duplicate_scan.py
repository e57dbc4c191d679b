"""Near-duplicates of a records directory: listed with their patients, exact copies left out."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.conftest import read_rows
from tfrecords.packing import near_duplicate_scan, summary
from tfrecords.packing.encode_cache import encode_all
from tfrecords.packing.near_duplicate_scan import read_suspects, scan, write_suspects
from tfrecords.packing.near_duplicates import Suspect
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
    return scan(places, names)


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


def describe(suspects):
    names = sorted({name for pair in suspects for name in (pair.name_a, pair.name_b)})
    rows = [IndexRow(name, "train", 1, "1", "1", "", 0, "", "") for name in names]
    return describe_packed(Packed(rows, {}, "grouped"), suspects)


def test_list_that_reached_its_bound_is_warned_of(monkeypatch):
    pairs = [Suspect("a", "b", 0), Suspect("a", "c", 1)]
    assert "WARNING" not in describe(pairs)
    monkeypatch.setattr(summary, "MAX_PAIRS", 2)
    assert "WARNING: suspects.csv ends at 2 pairs; there may be more" in describe(pairs)


def test_images_that_look_like_very_many_others_are_named(monkeypatch):
    monkeypatch.setattr(summary, "CROWD", 2)
    pairs = [Suspect("a", "b", 0), Suspect("a", "c", 0), Suspect("d", "e", 0)]
    text = describe(pairs)
    assert "look the same as 2 others or more" in text and ": a (2)\n" in text + "\n"


def test_copies_of_an_image_that_looks_like_others_do_not_make_the_list_endless(
    images, tmp_path, monkeypatch
):
    monkeypatch.setattr(near_duplicate_scan, "MAX_PAIRS", 1)
    assert len(look(images, tmp_path)) == 1  # Of two, with both of the equal copies.
