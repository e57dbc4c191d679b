"""Damage to records is found before anything is read from them, and named."""

import json
import shutil
import struct

import pytest
import tensorflow as tf

from tfrecords.store.folds import FoldsError, read_folds
from tfrecords.store.manifest import RecordsError, read_manifest, verify_split
from tfrecords.store.verification import verify_records


@pytest.fixture
def copy(records, tmp_path):
    """A copy of the records that a test may spoil."""
    return shutil.copytree(records, tmp_path / "copy")


def shard(directory):
    return next(directory.glob("cnmc-train.tfrecord-*"))


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def test_whole_records_pass(records):
    assert verify_split(records, "train")["num_images"] == 85


def second_record(path) -> int:
    """Where the second record begins: length 8, its CRC 4, data, its CRC 4."""
    return 8 + 4 + struct.unpack("<Q", path.read_bytes()[:8])[0] + 4


def cut(path, num_bytes):
    path.write_bytes(path.read_bytes()[:num_bytes])


FAULTS = {
    "flipped bit in data": lambda path: flip(path, 5000),
    "flipped bit in data CRC": lambda path: flip(path, second_record(path) - 1),
    "flipped bit in length": lambda path: flip(path, 0),
    "flipped bit in length CRC": lambda path: flip(path, 9),
    "cut in the payload": lambda path: cut(path, second_record(path) + 5000),
    "cut in a header": lambda path: cut(path, second_record(path) + 6),
    "cut at a record boundary": lambda path: cut(path, second_record(path)),
    "empty file": lambda path: cut(path, 0),
    "missing shard": lambda path: path.unlink(),
    "stray shard": lambda path: shutil.copy(path, path.with_name(path.name[:-1] + "9")),
    "doubled shard": lambda path: path.write_bytes(2 * path.read_bytes()),
}
OF_THE_SAME_LENGTH = [name for name in FAULTS if name.startswith("flipped")]


@pytest.mark.parametrize("fault", FAULTS)
def test_damaged_shard_is_refused_by_name(copy, fault):
    FAULTS[fault](shard(copy))
    with pytest.raises(RecordsError, match="cnmc-train.tfrecord-0000"):
        verify_split(copy, "train")
    with pytest.raises(RecordsError, match="cnmc-train.tfrecord-0000"):
        verify_records(copy)


@pytest.mark.parametrize("fault", FAULTS)
def test_trusted_records_are_still_checked_for_their_lengths(copy, fault):
    FAULTS[fault](shard(copy))
    if fault in OF_THE_SAME_LENGTH:
        verify_split(copy, "train", trusted=True)
    else:
        with pytest.raises(RecordsError, match="cnmc-train.tfrecord-0000"):
            verify_split(copy, "train", trusted=True)


@pytest.mark.parametrize("fault", ["cut at a record boundary", "empty file", "doubled shard"])
def test_tfrecords_own_checksums_miss_what_the_manifest_finds(copy, fault):
    FAULTS[fault](shard(copy))
    records = tf.data.TFRecordDataset([str(shard(copy))])
    assert len(list(records)) != 85  # Read to the end without an error.


def test_whole_directory_is_verified_and_described(records):
    assert "120 images in 3 shards" in verify_records(records)


def test_all_faults_are_listed_at_once(copy):
    flip(shard(copy), 9)
    (copy / "images.csv").write_text("")
    next(copy.glob("cnmc-test*")).unlink()
    with pytest.raises(RecordsError) as error:
        verify_records(copy)
    for name in ("cnmc-train", "cnmc-test", "images.csv"):
        assert name in str(error.value)


def test_folder_without_a_manifest_is_no_records_directory(tmp_path):
    with pytest.raises(RecordsError, match=r"No records in .*make_tfrecords\.py"):
        read_manifest(tmp_path)


def test_unknown_split_names_those_there_are(records):
    with pytest.raises(RecordsError, match="It has: train, validation, test"):
        verify_split(records, "holdout")


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, '{"format": 99}'])
def test_damaged_or_foreign_manifest_is_refused(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(RecordsError, match="Pack the records again"):
        read_manifest(copy)


@pytest.mark.parametrize(
    ("where", "key", "value", "what"),
    [
        ((), "laiout", "cnmc", "no other field than"),
        ((), "layout", None, "layout of type str"),
        ((), "seed", True, "seed of type int"),
        ((), "skipped", "none", "skipped of type list"),
        (("index",), "sha", "0", "no other field than"),
        (("splits", "test"), "num_image", 15, "no other field than"),
        (("splits", "test", "shards", 0), "num_bytee", 7, "no other field than"),
        (("splits", "test", "shards", 0), "num_bytes", 7.0, "num_bytes of type int"),
    ],
)
def test_manifest_has_its_own_fields_and_no_others(copy, where, key, value, what):
    content = json.loads((copy / "manifest.json").read_text())
    place = content
    for step in where:
        place = place[step]
    place[key] = value
    (copy / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(RecordsError, match=rf"manifest\.json is damaged.*{what}"):
        read_manifest(copy)


def test_manifest_of_an_earlier_version_lacks_names(copy):
    content = json.loads((copy / "manifest.json").read_text())
    for key in ("name", "negative_class", "positive_class", "skipped"):
        del content[key]
    (copy / "manifest.json").write_text(json.dumps(content))
    assert read_manifest(copy) == content


def test_changed_or_missing_folds_are_refused(copy):
    path = copy / "folds.csv"
    path.write_text(path.read_text().replace(",0\n", ",1\n", 1))
    with pytest.raises(FoldsError, match=r"folds\.csv was changed"):
        read_folds(copy)
    path.unlink()
    with pytest.raises(FoldsError, match="has no folds"):
        read_folds(copy)
