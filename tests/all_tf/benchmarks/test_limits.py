"""The operations and bytes of a step are those of its convolutions and dense layers."""

import keras
import pytest

from all_tf.benchmarks.limits import benchmark_limits, step_size
from all_tf.benchmarks.speed_table import SpeedJob
from builders.registry import build_model


def test_operations_and_bytes_of_a_step_are_counted_by_layer():
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(pixels)  # 4 x 4 x 4, of 3 x 3 x 3.
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))  # Cost nothing here.
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    logit = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(x))
    flop, num_bytes = step_size(keras.Model(pixels, logit), batch_size=5)
    multiplied = 16 * (3 * 3 * 3 * 4) + 16 * (3 * 3 * 4) + 4
    assert flop == 3 * 5 * 2 * multiplied
    assert num_bytes == 3 * 5 * 4 * ((192 + 64) + (64 + 64) + (4 + 1))


def test_operations_of_vgg16_are_the_published_ones():
    """15.3 billion multiplications with additions in its convolutions (He et al. 2016, 4.1)."""
    flop, _ = step_size(build_model("vgg16", image_size=224, weights="none"), batch_size=1)
    assert flop / 3 / 2 == pytest.approx(15.3e9, rel=0.01)


def test_limits_are_measured_in_turn_with_a_step():
    found = benchmark_limits(SpeedJob("base_cnn", 32, 2, "float32"), rounds=1)
    assert found["gigaflop_per_second"] > 0 < found["gigabytes_per_second"]
    assert found["share_of_limit"] >= 0 < found["step_seconds"]
