"""The examples of a split as they lie in the files are those that TFDS decodes."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.tfds_records import read_with_tfds
from tfrecords.store.manifest import RecordsError
from tfrecords.store.reader import load_examples


def test_example_has_the_features_of_the_schema(records):
    example = next(iter(read_with_tfds(records, "test")))
    assert example["image"].shape == (450, 450, 3)
    assert set(example) == {"image", "label", "patient", "group", "name", "duplicate_of"}


def test_examples_are_those_of_tfds(records):
    loaded = list(load_examples(records, "train"))
    decoded = list(read_with_tfds(records, "train").as_numpy_iterator())
    assert len(loaded) == len(decoded) == 85
    for one, other in zip(loaded, decoded, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(bytes(one.pop("image"))), other.pop("image"))
        assert one == {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in other.items()
        }


def test_images_outlive_what_happens_to_their_shard(records, tmp_path):
    copy = tmp_path / "records"
    shutil.copytree(records, copy)
    images = [example["image"] for example in load_examples(copy, "validation")]
    before = [bytes(image) for image in images]
    for shard in copy.glob("*-validation.tfrecord*"):
        shard.write_bytes(shard.read_bytes()[:100])  # In place; a mapped file would end in SIGBUS.
    assert [bytes(image) for image in images] == before
    with pytest.raises(RecordsError, match="expected"):
        list(load_examples(copy, "validation"))


@pytest.fixture
def damaged(records, tmp_path):
    """Records with one byte of a shard changed; the lengths are as they were."""

    def damage(offset: int):
        copy = tmp_path / "records"
        shutil.copytree(records, copy)
        path = next(copy.glob("cnmc-validation.tfrecord*"))
        data = bytearray(path.read_bytes())
        data[offset] ^= 1
        path.write_bytes(data)
        return copy

    return damage


@pytest.mark.parametrize("offset", [0, 5, 12], ids=["length", "huge length", "example"])
def test_damaged_example_of_trusted_records_is_refused(damaged, offset):
    records = damaged(offset)
    with pytest.raises(RecordsError, match="cnmc-validation.tfrecord.* is damaged: .* Pack the"):
        list(load_examples(records, "validation", trusted=True))


def test_damaged_image_of_trusted_records_is_named(damaged):
    reason = r"tfrecord.* is damaged: the image validation/\d+\.bmp: .*IDAT.* is wrong"
    with pytest.raises(RecordsError, match=reason):
        list(load_examples(damaged(5000), "validation", trusted=True))
