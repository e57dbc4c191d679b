"""The order of an epoch, padding and masks."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from all_tf.config.experiment import View
from all_tf.data.batches import epoch_order, evaluation_batches, steps_in_epoch, training_batches
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.cells import Cells, load_cells
from all_tf.data.class_balance import STRATEGIES, Plan

LABELS = np.repeat([0, 1], [30, 70])
GROUPS = np.repeat(["hem", "big", "small"], [30, 64, 6])
CELLS = Cells(*[LABELS.astype(str)] * 7)
CELLS = replace(CELLS, labels=LABELS, groups=GROUPS)
VIEW = View(crop=450, canvas=40, output=36)


@pytest.fixture(scope="module")
def cells(records):
    return load_cells(records, "train")


@pytest.fixture(scope="module")
def lookup(cells):
    return canvas_lookup(cells, VIEW, title="cells")


def test_order_is_a_pure_function_of_seed_and_epoch():
    def order(seed, epoch):
        return epoch_order(CELLS, Plan(), seed=seed, epoch=epoch).tolist()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(s, e)) for s in (0, 1) for e in (0, 1)}) == 4
    assert sorted(order(1, 2)) == list(range(100))


def test_oversampling_repeats_every_image_of_the_minority_alike():
    order = epoch_order(CELLS, Plan(draws=(70, 70)), seed=0, epoch=0)
    counts = Counter(order.tolist())
    assert Counter(LABELS[order].tolist()) == {0: 70, 1: 70}
    assert {counts[i] for i in range(30)} == {2, 3}
    assert {counts[i] for i in range(30, 100)} == {1}
    other = Counter(epoch_order(CELLS, Plan(draws=(70, 70)), seed=0, epoch=1).tolist())
    assert other != counts  # The odd ones out change from epoch to epoch.


def test_balanced_groups_are_drawn_by_the_root_of_their_size():
    plan = STRATEGIES["balance_groups"]((30, 70))
    orders = [epoch_order(CELLS, plan, seed=0, epoch=epoch) for epoch in range(200)]
    counts = [Counter(order.tolist()) for order in orders]
    assert all(len(order) == 140 for order in orders)
    drawn = Counter(GROUPS[np.concatenate(orders)].tolist())
    assert drawn["hem"] == 200 * 70  # Each class as often, whatever the groups.
    assert drawn["big"] / drawn["small"] == pytest.approx((64 / 6) ** 0.5, rel=0.01)
    # Within a group each image alike, but for rounding.
    each = 70 * 6**-0.5 / (64**0.5 + 6**0.5)
    assert {count[i] for count in counts for i in range(94, 100)} == {int(each), int(each) + 1}


def test_epochs_follow_their_orders_padded_and_masked(cells, lookup):
    batch_size, epochs = 25, range(3, 5)  # As a run that is resumed at epoch 3.
    batches = list(
        training_batches(cells, Plan(), lookup=lookup, batch_size=batch_size, seed=7, epochs=epochs)
    )
    steps = steps_in_epoch(cells, Plan(), batch_size=batch_size)
    assert len(batches) == 2 * steps
    for number, epoch in enumerate(epochs):
        part = batches[number * steps : (number + 1) * steps]
        mask = np.concatenate([mask for _, _, mask in part]) > 0
        order = epoch_order(cells, Plan(), seed=7, epoch=epoch)
        labels = np.concatenate([label for _, label, _ in part])[mask, 0]
        images = np.concatenate([image for image, _, _ in part])[mask]
        np.testing.assert_array_equal(labels, cells.labels[order])
        np.testing.assert_array_equal(images, lookup(tf.constant(order)))
        assert all(image.shape == (25, 40, 40, 3) for image, _, _ in part)


def test_epoch_smaller_than_a_batch_is_not_filled_up(cells, lookup):
    few, size = cells.take(np.arange(5)), {"lookup": lookup, "batch_size": 512}
    (batch,) = training_batches(few, Plan(), seed=0, epochs=range(1), **size)
    assert batch[0].shape[0] == 5 and np.all(batch[2] == 1)
    (batch,) = evaluation_batches(few, view=VIEW, **size)
    assert batch[0].shape[0] == 5


def test_evaluation_keeps_the_order_and_drops_nothing(cells, lookup):
    batches = evaluation_batches(cells, lookup=lookup, view=VIEW, batch_size=32)
    assert int(batches.cardinality()) == -(-len(cells) // 32)
    images, labels, mask = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert mask.sum() == len(cells) and set(mask[: len(cells)]) == {1}
    np.testing.assert_array_equal(labels[: len(cells), 0], cells.labels)
    canvases = lookup(tf.range(len(cells), dtype=tf.int64))
    np.testing.assert_array_equal(images[: len(cells)], canvases[:, 2:38, 2:38])


def test_unpublished_labels_are_hidden_as_0(records):
    cells = load_cells(records, "test")
    lookup = canvas_lookup(cells, VIEW, title="cells")
    ((_, labels, _),) = evaluation_batches(cells, lookup=lookup, view=VIEW, batch_size=32)
    assert set(cells.labels) == {-1} and not np.any(labels)
