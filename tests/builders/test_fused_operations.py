"""Fused operations compute what Keras' layers and optimizers compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from builders.classifier import build_classifier
from builders.fused_operations import FusedAdam, fuse_batch_norm
from builders.losses import WeightedBinaryCrossentropy
from builders.optimizers import build_optimizer
from builders.registry import build_model


def norm_model(*, fused: bool, shape=(5, 5, 3), **options) -> keras.Model:
    pixels = keras.Input(shape)
    norm = keras.layers.BatchNormalization(name="norm", **options)
    model = keras.Model(pixels, norm(pixels))
    if fused:
        fuse_batch_norm(model)
    return model


def trained_once(model: keras.Model, images, slopes) -> list[np.ndarray]:
    """Outputs, gradients by inputs and weights, and the moving averages of a training step."""
    watched = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = model(watched, training=True)
        loss = tf.reduce_sum(tf.cast(outputs, "float32") * slopes)
    gradients = tape.gradient(loss, [watched, *(v.value for v in model.trainable_variables)])
    return [np.asarray(x, "float32") for x in (outputs, *gradients, *model.get_weights())]


@pytest.mark.parametrize(
    "options",
    [{}, {"scale": False}, {"center": False}, {"epsilon": 1.001e-5, "momentum": 0.0}],
    ids=str,
)
def test_fused_batch_norm_trains_as_that_of_keras(options):
    rng = np.random.default_rng(0)
    images = rng.normal(3, 2, (4, 5, 5, 3)).astype("float32")
    slopes = rng.normal(size=images.shape).astype("float32")
    found = trained_once(norm_model(fused=True, **options), images, slopes)
    expected = trained_once(norm_model(fused=False, **options), images, slopes)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


def test_fused_batch_norm_of_half_precision_keeps_its_averages_in_float32():
    rng = np.random.default_rng(0)
    images = rng.normal(3, 2, (4, 5, 5, 3)).astype("float32")
    slopes = np.ones_like(images)
    models = [norm_model(fused=fused, dtype="mixed_bfloat16") for fused in (True, False)]
    ours, theirs = (trained_once(model, images, slopes) for model in models)
    assert models[0].output.dtype == "bfloat16"
    np.testing.assert_allclose(ours[0], theirs[0], atol=0.04)
    for moved, expected in zip(ours[-2:], theirs[-2:], strict=True):
        np.testing.assert_allclose(moved, expected, rtol=1e-5)


def operations(model: keras.Model, **call) -> set[str]:
    step = tf.function(lambda images: model(images, **call))
    images = tf.zeros([2, *model.input.shape[1:]])
    return {node.type for node in step.get_concrete_function(images).graph.get_operations()}


def test_only_training_on_one_device_is_fused():
    fused = norm_model(fused=True)
    assert "FusedBatchNormV3" in operations(fused, training=True)
    assert "FusedBatchNormV3" not in operations(fused, training=False)
    fused.get_layer("norm").synchronized = True
    assert "FusedBatchNormV3" not in operations(fused, training=True)
    frozen = norm_model(fused=True)
    frozen.trainable = False
    assert "FusedBatchNormV3" not in operations(frozen, training=True)


@pytest.mark.parametrize("shape, axis", [((4,), -1), ((5, 5, 3), 1)])
def test_other_axes_are_left_to_keras(shape, axis):
    assert "call" not in vars(norm_model(fused=True, shape=shape, axis=axis).get_layer("norm"))


def test_copy_of_a_model_has_layers_of_keras_alone():
    copy = keras.models.clone_model(norm_model(fused=True))
    assert type(copy.get_layer("norm")) is keras.layers.BatchNormalization


def test_adam_is_one_operation_a_weight():
    weight = keras.Variable(np.ones((2, 2), "float32"))
    optimizer = FusedAdam(0.1)
    optimizer.build([weight])
    step = tf.function(lambda gradient: optimizer.apply([gradient]), autograph=False)
    graph = step.get_concrete_function(tf.ones([2, 2])).graph
    types = [node.type for node in graph.get_operations()]
    assert types.count("ResourceApplyAdam") == 1
    assert not {"Sqrt", "Square"} & set(types)


def test_loss_shows_that_an_image_is_no_number():
    """TensorFlow merges batch norm with a ReLU, in this whole step only, to one that hides it."""
    model = build_model("base_cnn", image_size=32, weights="none")
    classifier = build_classifier(
        model,
        loss=WeightedBinaryCrossentropy(),
        optimizer=build_optimizer("adam", model, learning_rate=1e-4),
    )
    images, labels = np.full((2, 32, 32, 3), np.nan, "float32"), np.ones((2, 1), "float32")
    batch = tf.data.Dataset.from_tensors((images, labels, np.ones(2, "float32")))
    classifier.make_train_function()
    assert np.isnan(float(classifier.train_function(iter(batch))["loss"]))
