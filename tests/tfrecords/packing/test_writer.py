"""Records: TFDS opens them, pixels are exact, bytes do not depend on the number of threads."""

import hashlib
import itertools
import os
from dataclasses import replace

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tests.conftest import noise, read_rows
from tfrecords.codec.bmp import BitmapError, decode_bitmap
from tfrecords.codec.encoding import fit_center
from tfrecords.codec.png import encode_png
from tfrecords.packing.contradictions import ContradictionError
from tfrecords.packing.conversion import Target, convert
from tfrecords.packing.patient_groups import FoldError
from tfrecords.packing.shards import serialize
from tfrecords.packing.summary import describe_packed
from tfrecords.packing.unchanged import SourceChangedError
from tfrecords.packing.writer import Settings, write_records
from tfrecords.progress import untold
from tfrecords.schema import features
from tfrecords.sources.cnmc import find_images
from tfrecords.sources.find import find_origin
from tfrecords.store.folds import read_folds
from tfrecords.store.index import IndexRow
from tfrecords.store.manifest import read_manifest
from tfrecords.synthetic.write import encode_bmp


def digests(directory):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()
    }


def test_tfds_opens_the_records_with_nothing_of_ours(records):
    builder = tfds.builder_from_directory(str(records))
    splits = {name: split.num_examples for name, split in builder.info.splits.items()}
    assert splits == {"train": 85, "validation": 15, "test": 20}
    assert builder.info.features["label"].names == ["hem", "all"]
    assert builder.info.features["image"].shape == (450, 450, 3)
    assert "Gupta" in builder.info.citation


def test_decoded_records_equal_the_bitmaps(synthetic, records):
    images = {image.name: image for image in find_images(synthetic)}
    builder = tfds.builder_from_directory(str(records))
    for split in ("train", "validation", "test"):
        for example in builder.as_dataset(split=split).as_numpy_iterator():
            image = images.pop(example["name"].decode())
            pixels = fit_center(decode_bitmap(image.path.read_bytes()), 450)
            np.testing.assert_array_equal(example["image"], pixels)
            assert example["label"] == image.label
            assert example["patient"].decode() == image.patient
    assert not images


def test_bytes_depend_on_the_seed_and_not_on_the_threads(draw_source, tmp_path):
    names = itertools.product(range(8), range(5))
    images = find_images(
        draw_source(
            {f"fold_0/all/UID_{p}_1_{n}_all.bmp": 9 * p + n for p, n in names}
            | {f"fold_0/hem/UID_H{p}_1_1_hem.bmp": 99 + p for p in range(8)}
        )
    )
    written = {}
    for title, seed, workers in (("one", 0, 1), ("three", 0, 3), ("other", 1, 1)):
        (tmp_path / title).mkdir()
        write_records(images, tmp_path / title, Settings(2, seed, workers))
        written[title] = digests(tmp_path / title)
    assert written["one"] == written["three"] != written["other"]


def test_records_lie_in_random_order(records):
    dataset = tfds.builder_from_directory(str(records)).as_dataset(split="train")
    labels = [int(example["label"]) for example in dataset.as_numpy_iterator()]
    runs = sum(a != b for a, b in itertools.pairwise(labels))
    assert runs > len(labels) / 4  # Sorted by class there would be one change.


def test_duplicate_is_packed_flagged_and_joins_its_patients(records):
    rows = {row["name"]: row for row in read_rows(records / "images.csv")}
    flagged = [row for row in rows.values() if row["duplicate_of"]]
    assert flagged
    for row in flagged:
        original = rows[row["duplicate_of"]]
        assert row["png_sha256"] == original["png_sha256"]
        assert row["group"] == original["group"] == "20+21"
        assert row["patient"] != original["patient"]


def test_folds_hold_every_training_image_and_divide_no_group(records):
    folds = read_folds(records)
    rows = [row for row in read_rows(records / "images.csv") if row["split"] == "train"]
    assert folds.keys() == {row["name"] for row in rows}
    pairs = {(row["group"], folds[row["name"]]) for row in rows}
    assert len(pairs) == len({row["group"] for row in rows})


def test_manifest_counts_and_digests_are_those_of_the_files(records):
    for entry in read_manifest(records)["splits"].values():
        assert sum(shard["num_images"] for shard in entry["shards"]) == entry["num_images"]
        for shard in entry["shards"]:
            data = (records / shard["file"]).read_bytes()
            assert len(data) == shard["num_bytes"]
            assert hashlib.sha256(data).hexdigest() == shard["sha256"]


def test_file_spoiled_after_it_was_found_stops_the_writing(draw_source, tmp_path):
    images = find_images(
        draw_source({"fold_0/all/UID_1_1_1_all.bmp": 1, "fold_0/hem/UID_H1_1_1_hem.bmp": 2})
    )
    images[1].path.write_bytes(b"BM")
    (tmp_path / "records").mkdir()
    with pytest.raises(BitmapError, match=r"UID_H1_1_1_hem\.bmp: cut inside the header"):
        write_records(images, tmp_path / "records", Settings(num_workers=1))


def test_summary_counts_by_class_patient_and_fold(draw_source, tmp_path):
    files = {f"fold_0/all/UID_{p}_1_{n}_all.bmp": 9 * p + n for p in (1, 2) for n in (1, 2, 3)}
    files |= {f"fold_0/hem/UID_H{p}_1_1_hem.bmp": 50 + p for p in (1, 2)}
    files |= {"fold_1/all/UID_3_1_1_all.bmp": 10}  # The image of patient 1, cell 1.
    (tmp_path / "records").mkdir()
    packed = write_records(find_images(draw_source(files)), tmp_path / "records", Settings(folds=2))
    text = describe_packed(packed, None)
    assert "9 images of 5 patient ids; 1 of them" in text
    assert "train                  7       2           0   3 + 2" in text
    assert "1 (3)" in text and "H1 (1)" in text
    assert "one person: 1+3" in text
    assert "1 = 3 (1)" in text
    held_out = replace(packed, fold_of_name={})
    assert "by fold" not in describe_packed(held_out, None)


CONTRADICTION = {
    "fold_0/all/UID_1_1_1_all.bmp": 1,
    "fold_0/all/UID_2_1_1_all.bmp": 2,
    "fold_0/hem/UID_H1_1_1_hem.bmp": 3,
    "fold_1/hem/UID_H2_1_1_hem.bmp": 4,
    "fold_1/hem/UID_H3_1_1_hem.bmp": 1,  # The picture of patient 1.
}


KEPT = ("2_1_1_all", "3_1_1_all", "H1_1_1_hem", "H2_1_1_hem")


def test_equal_pixels_under_both_classes_are_refused_with_both_files(draw_source, tmp_path):
    source = draw_source(CONTRADICTION)
    target = Target(tmp_path / "records")
    with pytest.raises(ContradictionError) as error:
        convert(find_origin(source), target, Settings(folds=2), progress=untold)
    for name in ("fold_0/all/UID_1_1_1_all.bmp (all)", "fold_1/hem/UID_H3_1_1_hem.bmp (hem)"):
        assert name in str(error.value)
    assert not target.directory.exists()
    assert list((tmp_path / ".records.partial/spool").glob("*.json"))  # For the next call.


def test_images_under_both_classes_are_left_out_and_listed_where_asked(draw_source, tmp_path):
    settings = Settings(folds=2, drop_contradictions=True)
    target = Target(tmp_path / "records")
    source = draw_source(CONTRADICTION | {"fold_0/all/UID_3_1_1_all.bmp": 5})
    text = convert(find_origin(source), target, settings, progress=untold)
    skipped = read_manifest(target.directory)["skipped"]
    assert [line.split(": ")[0].split("/")[-1] for line in skipped] == [
        "UID_1_1_1_all.bmp",
        "UID_H3_1_1_hem.bmp",
    ]
    names = {row["name"] for row in read_rows(target.directory / "images.csv")}
    assert names == {f"train/UID_{x}.bmp" for x in KEPT}
    assert "WARNING: 2 images were left out" in text and "one person: none" in text


def test_black_image_is_packed_with_a_warning(draw_source, tmp_path):
    source = draw_source(CONTRADICTION)
    black = source / "training_data/fold_1/hem/UID_H3_1_1_hem.bmp"
    black.write_bytes(encode_bmp(np.zeros((450, 450, 3), np.uint8)))
    target = Target(tmp_path / "records")
    text = convert(find_origin(source), target, Settings(folds=2), progress=untold)
    assert "WARNING: black images, which show no cell: train/UID_H3_1_1_hem.bmp" in text


def test_file_that_changes_while_it_is_packed_is_noticed(draw_source, tmp_path):
    images = find_images(draw_source(CONTRADICTION))[:4]
    other = images[1].path.read_bytes()

    def change(items, title, *_, **__):
        done = list(items)
        if title == "packing":
            entry = images[0].path.stat()
            images[0].path.write_bytes(other)
            os.utime(images[0].path, ns=(entry.st_atime_ns, entry.st_mtime_ns))
        return done

    (tmp_path / "records").mkdir()
    with pytest.raises(SourceChangedError, match=images[0].path.name):
        write_records(images, tmp_path / "records", Settings(folds=2), progress=change)
    assert not (tmp_path / "records/manifest.json").exists()


@pytest.mark.parametrize("folds", [3, 10_000])
def test_too_many_folds_are_refused_before_the_work(folds, draw_source, tmp_path):
    origin = find_origin(draw_source(CONTRADICTION))
    with pytest.raises(FoldError, match="Expected 2 to 2 folds"):
        convert(origin, Target(tmp_path / "records"), Settings(folds=folds), progress=None)
    assert {path.name for path in tmp_path.iterdir()} == {"tree"}


def test_record_is_what_tfds_would_have_written():
    row = IndexRow("train/a.bmp", "train", 1, "7", "7+8", "", 0, "", "")
    fields = ("label", "patient", "group", "name", "duplicate_of")
    png = encode_png(Image.fromarray(noise(1)))
    theirs = tfds.core.example_serializer.ExampleSerializer(features().get_serialized_info())
    example = theirs.get_tf_example({"image": png} | {key: getattr(row, key) for key in fields})
    assert serialize(row, png) == example.SerializeToString(deterministic=True)
