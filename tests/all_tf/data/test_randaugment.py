"""RandAugment: two operations an image, drawn evenly, rows in their order, cells still cells."""

import numpy as np
import pytest
import tensorflow as tf

from all_tf.data import randaugment as module
from all_tf.data.randaugment import POLICY, randaugment

SEED = tf.constant([3, 4])


def name(operation) -> str:
    """The same in every process, unlike `str`, which has an address."""
    return "-".join([operation.func.__name__, *map(str, operation.keywords.values())])


@pytest.fixture
def cells():
    """Six textured discs, float32 `(6, 48, 48, 3)`, as dark as cells are."""
    y, x = np.mgrid[:48, :48]
    disc = (np.hypot(x - 24, y - 24) < 15)[None, :, :, None]
    shades = np.random.default_rng(0).integers(30, 110, (6, 48, 48, 3))
    return tf.constant(disc * shades, tf.float32)


def test_every_image_gets_two_operations_drawn_evenly_and_keeps_its_row(monkeypatch):
    # Operation k adds 10 ** k: the digits of the result count who was there.
    adders = [lambda images, seed, k=k: images + 10.0**k for k in range(3)]
    monkeypatch.setattr(module, "POLICY", adders)
    rows = np.arange(900)
    images = tf.constant(np.tile(rows[:, None, None, None] / 1000, (1, 2, 2, 3)), tf.float32)
    found = np.asarray(randaugment(images, SEED))
    counts = np.floor(found[:, 0, 0, :1] / 10.0 ** np.arange(3)) % 10
    np.testing.assert_array_equal(counts.sum(axis=1), 2)
    np.testing.assert_allclose(found % 1, images, atol=1e-4)
    np.testing.assert_allclose(counts.mean(axis=0), 2 / 3, atol=0.08)
    assert np.mean(counts.max(axis=1) == 2) == pytest.approx(1 / 3, abs=0.05)


def test_batch_smaller_than_the_policy_works_eagerly_and_in_a_graph(cells):
    graph = tf.function(randaugment)
    for step in range(4):
        seed = tf.constant([step, 0])
        np.testing.assert_allclose(graph(cells[:1], seed), randaugment(cells[:1], seed), atol=0.01)


@pytest.mark.parametrize("operation", POLICY[1:], ids=name)
def test_operation_of_the_policy_changes_the_cell_and_never_the_black_corners(operation, cells):
    images = np.asarray(operation(cells, SEED))
    assert images.shape == cells.shape and images.min() >= 0 and images.max() <= 255
    assert not images[:, [0, 0, -1, -1], [0, -1, 0, -1]].any()
    changes = np.abs(images - cells).mean(axis=(1, 2, 3))
    assert changes.min() > 0 and changes.max() > 0.5 and len(set(changes)) == 6


@pytest.mark.parametrize("operation", POLICY[6:], ids=name)
def test_recolouring_of_the_policy_leaves_every_pixel_of_background_black(operation, cells):
    background = ~np.asarray(cells).any(axis=-1)
    assert not np.asarray(operation(cells, SEED))[background].any()
