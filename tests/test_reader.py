"""A split, or some folds of it, as a dataset whose length is known."""

import pytest

from tfrecords.folds import read_folds
from tfrecords.manifest import RecordsError
from tfrecords.reader import read_examples


def test_length_is_known_and_right(records):
    dataset = read_examples(records, "validation")
    assert int(dataset.cardinality()) == len(list(dataset)) == 15


def test_example_has_the_features_of_the_schema(records):
    example = next(iter(read_examples(records, "test")))
    assert example["image"].shape == (450, 450, 3)
    assert set(example) == {"image", "label", "patient", "group", "name", "duplicate_of"}


def test_folds_select_their_images(records):
    folds = read_folds(records)
    dataset = read_examples(records, "train", folds=[0, 2])
    names = {example["name"].decode() for example in dataset.as_numpy_iterator()}
    assert names == {name for name, fold in folds.items() if fold in (0, 2)}
    assert int(dataset.cardinality()) == len(names)


def test_fold_that_is_not_there_is_an_error(records):
    with pytest.raises(RecordsError, match=r"It has the folds \[0, 1, 2\]. Received: folds=\[7\]"):
        read_examples(records, "train", folds=[7])
