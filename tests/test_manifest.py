"""Damage to records is found before anything is read from them, and named."""

import shutil

import pytest

from tfrecords.folds import FoldsError, read_folds
from tfrecords.manifest import RecordsError, read_manifest, verify_split


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


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: flip(path, 0),
        lambda path: flip(path, 9),
        lambda path: flip(path, 50_000),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(2 * path.read_bytes()),
        lambda path: path.unlink(),
        lambda path: shutil.copy(path, path.with_name(path.name[:-1] + "9")),
    ],
    ids=["length", "length-crc", "payload", "cut", "empty", "doubled", "missing", "stray"],
)
def test_damaged_shard_is_refused_by_name(copy, spoil):
    spoil(shard(copy))
    with pytest.raises(RecordsError, match="cnmc-train.tfrecord-0000"):
        verify_split(copy, "train")


def test_folder_without_a_manifest_is_no_records_directory(tmp_path):
    with pytest.raises(RecordsError, match=r"No records in .*make_tfrecords\.py"):
        read_manifest(tmp_path)


def test_unknown_split_names_those_there_are(records):
    with pytest.raises(RecordsError, match="It has: train, validation, test"):
        verify_split(records, "holdout")


@pytest.mark.parametrize("text", ["{", '{"format": 99}'])
def test_damaged_or_foreign_manifest_is_refused(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(RecordsError, match="Pack the records again"):
        read_manifest(copy)


def test_changed_or_missing_folds_are_refused(copy):
    path = copy / "folds.csv"
    path.write_text(path.read_text().replace(",0\n", ",1\n", 1))
    with pytest.raises(FoldsError, match=r"folds\.csv was changed"):
        read_folds(copy)
    path.unlink()
    with pytest.raises(FoldsError, match="has no folds"):
        read_folds(copy)
