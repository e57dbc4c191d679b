"""Cells are what the records say, and a part of them is even over classes and patients."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from all_tf.data.cells import limit_cells, load_cells
from tests.tfds_records import read_with_tfds


@pytest.fixture(scope="module")
def cells(records):
    return load_cells(records, "train")


def test_cells_carry_what_the_records_say(cells, records):
    for index, example in enumerate(read_with_tfds(records, "train").as_numpy_iterator()):
        assert cells.names[index] == example["name"].decode()
        assert cells.patients[index] == example["patient"].decode()
        assert cells.labels[index] == example["label"]
        np.testing.assert_array_equal(tf.io.decode_png(bytes(cells.pngs[index])), example["image"])
    assert set(cells.folds) == {0, 1, 2}


def test_limit_draws_evenly_over_classes_and_patients(cells):
    limited = limit_cells(cells, 26, seed=0)
    assert limited.counts == (13, 13)
    for label in (0, 1):
        all_patients = Counter(cells.patients[cells.labels == label])
        drawn = Counter(limited.patients[limited.labels == label])
        assert len(drawn) == min(13, len(all_patients))
        assert max(drawn.values()) == 1
    assert limit_cells(cells, 26, seed=0).names.tolist() == limited.names.tolist()
    assert limit_cells(cells, 26, seed=1).names.tolist() != limited.names.tolist()


def test_limit_beyond_the_set_or_none_keeps_it(cells):
    assert limit_cells(cells, None, seed=0) is cells
    assert limit_cells(cells, 10_000, seed=0) is cells


def test_cells_are_taken_by_index_and_by_mask_in_every_column(cells):
    disease = cells.take(cells.labels == 1)
    assert disease.counts == (0, len(disease)) and len(disease) == cells.counts[1]
    first = cells.take(np.array([2, 0]))
    assert first.names.tolist() == [cells.names[2], cells.names[0]]
    assert first.folds.tolist() == [cells.folds[2], cells.folds[0]]
