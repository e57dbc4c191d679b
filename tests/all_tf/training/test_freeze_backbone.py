"""Frozen epochs: the backbone stands still to the last bit, then everything moves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from all_tf.training.callbacks.freeze_backbone import FreezeBackbone
from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.optimizers import build_optimizer, update_rules
from builders.registry import build_model

RNG = np.random.default_rng(0)
STEPS = 3


def values(variables) -> dict[str, np.ndarray]:
    return {v.path: keras.ops.convert_to_numpy(v).copy() for v in variables}


@pytest.fixture(scope="module")
def states():
    """Weights and optimizer variables before the first, and at the ends of three epochs."""
    keras.utils.set_random_seed(0)
    model = build_model("base_cnn", image_size=32, weights="none", dropout=0.1)
    rules = update_rules(model, frozen_steps=2 * STEPS)
    optimizer = build_optimizer("adam", model, learning_rate=0.01, rules=rules)
    classifier = build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer=optimizer)
    images = RNG.uniform(0, 255, (4 * STEPS, 32, 32, 3)).astype("float32")
    labels = (np.arange(4 * STEPS) % 2)[:, None]
    batches = tf.data.Dataset.from_tensor_slices((images, labels, np.ones(4 * STEPS)))
    found = [(values(model.weights), values(optimizer.variables))]

    def note(epoch, logs):
        found.append((values(model.weights), values(optimizer.variables)))

    classifier.fit(
        batches.batch(4).repeat(),
        steps_per_epoch=STEPS,
        epochs=3,
        shuffle=False,
        verbose=0,
        callbacks=[FreezeBackbone(2), keras.callbacks.LambdaCallback(on_epoch_end=note)],
    )
    return found


def moved(before: dict, after: dict) -> set[str]:
    return {path for path, value in before.items() if not np.array_equal(value, after[path])}


def test_frozen_epochs_move_the_head_alone_statistics_included(states):
    for before, after in ((states[0], states[1]), (states[1], states[2])):
        assert {p for p in moved(before[0], after[0]) if "seed" not in p} == {
            "logit/kernel",
            "logit/bias",
        }


def test_everything_moves_afterwards(states):
    assert moved(states[2][0], states[3][0]) >= {
        "conv/kernel",
        "conv_bn/gamma",
        "conv_bn/beta",
        "conv_bn/moving_mean",
        "conv_bn/moving_variance",
        "logit/kernel",
        "logit/bias",
    }


def test_moments_of_the_head_grow_from_the_first_step_those_of_the_backbone_when_it_joins(states):
    frozen, joined = states[2][1], states[3][1]
    assert frozen["adam/iteration"] == 2 * STEPS and joined["adam/iteration"] == 3 * STEPS
    assert np.any(frozen["adam/logit_kernel_velocity"] > 0)
    assert np.all(frozen["adam/conv_kernel_velocity"] == 0)
    assert np.any(joined["adam/conv_kernel_velocity"] > 0)
    # A velocity that had been emptied would hold three steps, no more than 3 (1 - beta_2) g^2.
    kept = 0.999**STEPS * frozen["adam/logit_kernel_velocity"]
    assert np.all(joined["adam/logit_kernel_velocity"] >= kept * (1 - 1e-5))
