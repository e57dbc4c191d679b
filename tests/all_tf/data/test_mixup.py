"""Mixed images and labels in equal shares; class weights and figures right under mixed labels."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from all_tf.config.experiment import View
from all_tf.data.augmentation import build_augment
from all_tf.data.class_balance import weigh_classes
from all_tf.data.mixup import MIXES, cutmix, mixup
from builders.losses import WeightedBinaryCrossentropy

SIDE = 24
SEED = tf.constant([1, 2])
EVERY_MIX = pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)


def plain_images(count, side=SIDE):
    """Image i is of one value, i + 1, so that a pixel says whose it is."""
    values = np.arange(1, count + 1)[:, None, None, None]
    return tf.constant(np.tile(values, (1, side, side, 3)), tf.float32)


def alternating(count):
    return tf.constant(np.arange(count)[:, None] % 2, tf.float32)


def own_shares(labels):
    """Of mixed alternating labels: the share of the image's own class."""
    odd = np.arange(len(labels)) % 2 == 1
    return np.where(odd, labels[:, 0], 1 - labels[:, 0])


@EVERY_MIX
def test_pixels_and_label_are_mixed_in_equal_shares_with_the_row_before(mix):
    before, shares = plain_images(40), np.linspace(0, 1, 40)[:, None].astype("float32")
    images, labels = (np.asarray(out) for out in mix(before, tf.constant(shares), SEED))
    values = np.arange(1, 41)
    partners = np.roll(values, 1)
    own = (images.mean(axis=(1, 2, 3)) - partners) / (values - partners)
    expected = own * shares[:, 0] + (1 - own) * np.roll(shares[:, 0], 1)
    np.testing.assert_allclose(labels[:, 0], expected, atol=1e-5)
    assert len(np.unique(own.round(3))) > 20


def test_mixup_draws_its_share_from_the_folded_beta_distribution():
    _, labels = mixup(plain_images(4000, side=1), alternating(4000), SEED)
    shares = own_shares(np.asarray(labels))
    assert shares.min() >= 0.5
    points = np.array([0.55, 0.7, 0.9, 0.99, 0.999])
    expected = 2 * stats.beta(0.2, 0.2).cdf(points) - 1
    np.testing.assert_allclose((shares[:, None] <= points).mean(axis=0), expected, atol=0.025)


def test_cutmix_pastes_one_clipped_square_and_the_label_has_its_area():
    images, labels = (np.asarray(x) for x in cutmix(plain_images(200), alternating(200), SEED))
    heights, widths = [], []
    for row, image in enumerate(images):
        pasted = np.all(image == (row - 1) % 200 + 1, axis=-1)
        assert np.all(pasted | np.all(image == row + 1, axis=-1))
        height, width = pasted.any(axis=1).sum(), pasted.any(axis=0).sum()
        assert pasted.sum() == height * width
        assert own_shares(labels)[row] == pytest.approx(1 - height * width / SIDE**2, abs=1e-6)
        touches = pasted[[0, -1]].any() or pasted[:, [0, -1]].any()
        assert touches or abs(height - width) <= 1
        heights.append(height)
        widths.append(width)
    assert np.any(np.array(heights) > np.array(widths) + 3)  # Some are clipped.


def test_cutmix_counts_pixels_of_cells_and_not_the_background():
    images = np.zeros((200, SIDE, SIDE, 3), np.float32)
    images[:, 8:-8, 8:-8] = np.arange(1, 201)[:, None, None, None]
    mixed, labels = cutmix(tf.constant(images), alternating(200), SEED)
    for row, (image, share) in enumerate(
        zip(np.asarray(mixed)[..., 0], own_shares(labels), strict=True)
    ):
        own = np.sum(image == row + 1)
        assert share == pytest.approx(own / np.sum(image > 0) if image.any() else 1, abs=1e-6)


def test_cutmix_centres_boxes_anywhere_and_draws_areas_evenly():
    images, _ = cutmix(plain_images(3000, side=32), alternating(3000), SEED)
    pasted = np.asarray(images)[..., 0] != np.arange(1, 3001)[:, None, None]
    # By hand: a box of side 32 sqrt(u), u even on [0, 1], centred evenly, clipped.
    rng = np.random.default_rng(0)
    half = 16 * np.sqrt(rng.random(100_000))[:, None]
    centres = 32 * rng.random((100_000, 2))
    sides = np.minimum(centres + half, 32) - np.maximum(centres - half, 0)
    assert pasted.mean() == pytest.approx(sides.prod(axis=1).mean() / 32**2, abs=0.01)
    seen = pasted.mean(axis=0)
    np.testing.assert_allclose(seen, seen[::-1, ::-1], atol=0.06)
    assert seen[16, 16] > 1.5 * seen[0, 0]


@EVERY_MIX
def test_only_the_first_row_of_a_padded_batch_meets_a_filler(mix):
    fillers = tf.constant([[0], [0], [0], [0], [0], [1], [1], [1]], tf.float32)
    _, labels = mix(plain_images(8), fillers, SEED)
    np.testing.assert_array_equal(labels[1:5], 0)
    assert labels[0] > 0


@EVERY_MIX
def test_lone_image_is_mixed_with_itself(mix):
    images, labels = mix(plain_images(1), tf.ones((1, 1)), SEED)
    np.testing.assert_allclose(images, plain_images(1), rtol=1e-6)
    np.testing.assert_allclose(labels, [[1]], rtol=1e-6)


def test_of_two_mixes_each_batch_draws_one():
    augment = build_augment(["mixup", "cutmix"], view=View(450, SIDE, SIDE), seed=0)
    images = 20 * tf.cast(plain_images(10), tf.uint8)
    graph, kinds = tf.function(augment), []
    for step in range(40):
        mixed = np.asarray(graph(images, alternating(10), tf.constant(step))[0])
        pure = {float(value) for value in range(20, 220, 20)}
        kinds.append("cutmix" if set(np.unique(mixed).tolist()) <= pure else "mixup")
        # A blend is of one value an image, a paste is not.
        assert kinds[-1] == "cutmix" or np.all(np.ptp(mixed, axis=(1, 2, 3)) < 1e-3)
    assert 10 < kinds.count("cutmix") < 30


@EVERY_MIX
def test_weighted_loss_of_mixed_labels_equals_a_slow_loop_over_their_shares(mix):
    rng = np.random.default_rng(0)
    labels = (rng.random((32, 1)) < 0.7).astype("float32")
    logits = rng.normal(size=(32, 1)).astype("float32")
    weights = weigh_classes((32 - int(labels.sum()), int(labels.sum())))
    shares = own_shares(np.asarray(mix(plain_images(32), alternating(32), SEED)[1]))
    mixed = mix(plain_images(32), tf.constant(labels), SEED)[1]
    expected = 0.0
    for row in range(32):
        score = 1 / (1 + np.exp(-logits[row, 0]))
        for source, share in ((row, shares[row]), (row - 1, 1 - shares[row])):
            label = int(labels[source, 0])
            chance = score if label else 1 - score
            expected -= share * weights.class_weights[label] * np.log(chance) / 32
    loss = WeightedBinaryCrossentropy(weights.class_weights)
    assert float(loss(mixed, logits)) == pytest.approx(expected, rel=1e-5)


@EVERY_MIX
def test_class_weights_keep_the_scale_of_the_loss_under_mixed_labels(mix):
    # Undecided logits cost log 2 a unit of weight, and the mean weight of the set is 1.
    rng = np.random.default_rng(0)
    labels = np.repeat([0.0, 1.0], [1280, 2720]).astype("float32")
    loss = WeightedBinaryCrossentropy(weigh_classes((1280, 2720)).class_weights)
    costs = []
    for step, rows in enumerate(rng.permutation(4000).reshape(-1, 40)):
        mixed = mix(plain_images(40, side=8), labels[rows, None], tf.constant([step, 0]))[1]
        costs.append(float(loss(mixed, np.zeros((40, 1), "float32"))))
    assert np.mean(costs) == pytest.approx(np.log(2), rel=0.01)
