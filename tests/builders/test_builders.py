"""The contract of every architecture."""

import os
import subprocess
import sys
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf

from all_tf.config import choices
from builders.architecture_info import CATALOGUE
from builders.classifier import build_classifier
from builders.layer_groups import backbone_layers, layer_rates
from builders.losses import WeightedBinaryCrossentropy
from builders.preprocessing import IMAGENET_MEAN, IMAGENET_STD, center_bgr
from builders.registry import build_model
from tests.conftest import ROOT

SIZE = 64
PIXELS = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype("float32")
QUICK_ON_JAX = ("base_cnn", "cellnet", "efficientnetb0", "vgg16")
_PREPROCESSED = ("centered", "scaled", "standardized")  # Layers that prepare pixels.


@cache
def built(arch: str) -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_model(arch, image_size=SIZE, weights="none")


@pytest.fixture(scope="module")
def model(architecture):
    return built(architecture)


def test_graph_is_flat_and_ends_in_pooled_and_logit(model):
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert [layer.name for layer in model.layers[-2:]] == ["pooled", "logit"]


def test_raw_pixels_give_one_finite_float32_logit(model):
    logits = model(PIXELS)
    assert model.input_shape == (None, SIZE, SIZE, 3)
    assert tuple(logits.shape) == (2, 1) and logits.dtype == "float32"
    assert np.all(np.isfinite(logits))


def test_preprocessing_is_that_of_keras(model):
    application = CATALOGUE[model.name].application
    if not application:
        return  # Ours, which PyTorch's weights or none fit: the tests of each network.
    module = sys.modules[getattr(keras.applications, application).__module__]
    expected = module.preprocess_input(PIXELS.copy())
    np.testing.assert_allclose(preprocessed(model)(PIXELS), expected, rtol=1e-4, atol=1e-4)


def preprocessed(model) -> keras.Model:
    """From raw pixels to those that the first layer of the network takes."""
    outputs = [layer.output for layer in model.layers if layer.name in _PREPROCESSED]
    return keras.Model(model.input, outputs[0] if outputs else model.input)


def test_efficientnet_normalizes_by_the_statistics_of_imagenet():
    model = built("efficientnetb0")
    (layer,) = (x for x in model.layers if isinstance(x, keras.layers.Normalization))
    found = keras.Model(model.input, layer.output)(PIXELS)
    expected = (PIXELS / 255 - IMAGENET_MEAN) / IMAGENET_STD
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("arch", "preprocess"),
    [
        ("base_cnn", lambda x: x / 255),
        ("googlenet", lambda x: x / 127.5 - 1),
        ("efficientnetlite0", lambda x: (x - 127) / 128),
    ],
)
def test_preprocessing_of_our_own_networks(arch, preprocess):
    found = preprocessed(built(arch))(PIXELS)
    np.testing.assert_allclose(found, preprocess(PIXELS), rtol=1e-4, atol=1e-4)


def test_number_of_parameters_is_the_catalogues(model):
    head = model.get_layer("logit").count_params()
    expected = CATALOGUE[model.name].parameters
    assert model.count_params() - head == expected, f"parameters of {model.name} in its row"


def test_bias_of_the_head_is_the_only_array_of_one_number(model):
    """By which a file of a whole, trained network is known (`builders.hdf5_child.holds_head`)."""
    found = [weight.path for weight in model.weights if tuple(weight.shape) == (1,)]
    assert found == [model.get_layer("logit").bias.path]


def test_saved_weights_give_the_same_logits_in_a_new_model(model, tmp_path):
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    keras.utils.set_random_seed(1)
    loaded = build_model(model.name, image_size=SIZE, weights=str(path))
    np.testing.assert_array_equal(loaded(PIXELS), model(PIXELS))


def test_gradient_reaches_every_trainable_weight(model):
    with tf.GradientTape() as tape:
        logits = model(PIXELS)
    gradients = tape.gradient(logits, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None and np.any(gradient), weight.path


def test_rates_of_layer_decay_rise_towards_the_head(model):
    rates = layer_rates(model, decay=0.5)
    rises = [
        [rates[variable.path] for variable in layer.trainable_variables]
        for layer in backbone_layers(model)
    ]
    in_order = [rate for layer in rises for rate in layer]
    assert in_order == sorted(in_order) and in_order[-1] >= 0.25  # VGG halves after its last one.
    last = model.get_layer("pooled").input.shape[1]
    assert min(in_order) >= 0.5 * last / SIZE  # Halved with every halving of the resolution.


def test_backbone_alone_computes_in_bfloat16(architecture):
    backbone_alone_computes_in("bfloat16", architecture)


@pytest.mark.parametrize("arch", ["base_cnn", "cellnet"])
def test_backbone_alone_computes_in_float16(arch):
    backbone_alone_computes_in("float16", arch)


def backbone_alone_computes_in(precision: str, arch: str) -> None:
    model = build_model(
        arch, image_size=32, weights="none", dropout=0.5, precision=f"mixed_{precision}"
    )
    pooled = model.get_layer("pooled")
    assert pooled.input.dtype == precision and pooled.output.dtype == "float32"
    assert model.get_layer("dropout").output.dtype == model.input.dtype == "float32"
    assert model(PIXELS[:, :32, :32]).dtype == "float32"
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    for layer in model.layers:
        if layer.name in _PREPROCESSED:
            assert layer.output.dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"  # Of whatever is built next.


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_changes_logits_by_rounding(precision, tmp_path):
    whole, path = built("cellnet"), str(tmp_path / "cellnet.weights.h5")
    whole.save_weights(path)
    half = build_model("cellnet", image_size=SIZE, weights=path, precision=precision)
    difference = np.abs(np.asarray(half(PIXELS)) - np.asarray(whole(PIXELS)))
    assert np.all(difference < 0.02) and np.any(difference > 0)


def test_dropout_acts_in_training_only_and_leaves_files_as_they_are(tmp_path):
    plain, path = built("base_cnn"), str(tmp_path / "plain.weights.h5")
    plain.save_weights(path)
    model = build_model("base_cnn", image_size=SIZE, weights=path, dropout=0.5)
    np.testing.assert_array_equal(model(PIXELS), plain(PIXELS))
    assert np.any(model(PIXELS, training=True) != plain(PIXELS, training=True))
    model.save_weights(tmp_path / "dropout.weights.h5")
    again = build_model("base_cnn", image_size=SIZE, weights=str(tmp_path / "dropout.weights.h5"))
    np.testing.assert_array_equal(again(PIXELS), plain(PIXELS))


def test_centered_pixels_survive_a_saved_model(tmp_path):
    pixels = keras.Input((SIZE, SIZE, 3))
    keras.Model(pixels, center_bgr(pixels)).save(tmp_path / "centered.keras")
    loaded = keras.saving.load_model(tmp_path / "centered.keras", safe_mode=True)
    expected = keras.applications.resnet.preprocess_input(PIXELS.copy())
    np.testing.assert_allclose(loaded(PIXELS), expected, rtol=1e-6)


_ON_JAX = """
import sys
import numpy as np
from keras import initializers
from builders.registry import build_model

# Every weight comes from the file; to draw them first, JAX would compile for minutes.
for initializer in (initializers.VarianceScaling, initializers.Zeros, initializers.Ones):
    initializer.__call__ = lambda self, shape, dtype=None, **kwargs: np.zeros(shape, dtype)
folder, *architectures = sys.argv[1:]
pixels = np.load(f"{folder}/pixels.npy")
for arch in architectures:
    path = f"{folder}/{arch}.weights.h5"
    model = build_model(arch, image_size=pixels.shape[1], weights=path)
    np.save(f"{folder}/{arch}.npy", model.predict(pixels, verbose=0))
"""


@pytest.mark.slow
def test_jax_gives_the_logits_of_tensorflow(request, tmp_path):
    every = request.config.getoption("all_architectures")
    architectures = choices.ARCHITECTURE_NAMES if every else QUICK_ON_JAX
    np.save(tmp_path / "pixels.npy", PIXELS)
    for arch in architectures:
        built(arch).save_weights(tmp_path / f"{arch}.weights.h5")
    command = [sys.executable, "-c", _ON_JAX, str(tmp_path), *architectures]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    for arch in architectures:
        expected = built(arch)(PIXELS)
        # Networks without training may answer in millions: the scale is theirs.
        atol = 1e-4 * np.max(np.abs(expected))
        np.testing.assert_allclose(np.load(tmp_path / f"{arch}.npy"), expected, atol=atol)


def test_classifier_saves_what_the_plain_model_loads(tmp_path):
    classifier = classify("base_cnn")
    classifier.save_weights(tmp_path / "c.weights.h5")
    plain = build_model("base_cnn", image_size=SIZE, weights=str(tmp_path / "c.weights.h5"))
    np.testing.assert_array_equal(plain(PIXELS), classifier(PIXELS))


def classify(arch: str):
    model = build_model(arch, image_size=SIZE, weights="none")
    return build_classifier(
        model, loss=WeightedBinaryCrossentropy(), optimizer=keras.optimizers.Adam(1e-3)
    )


def test_training_step_augments_and_prediction_does_not():
    classifier, seen = classify("base_cnn"), []

    def augment(images, labels, step):
        seen.append(tuple(images.shape[1:]))
        return keras.ops.cast(images[:, :SIZE, :SIZE], "float32"), labels

    classifier.augment = augment
    canvas = np.zeros((2, SIZE + 8, SIZE + 8, 3), "uint8")
    classifier.train_on_batch(canvas, np.ones((2, 1)), sample_weight=np.ones(2))
    assert set(seen) == {(SIZE + 8, SIZE + 8, 3)}
    seen.clear()
    classifier.predict_on_batch(PIXELS)
    classifier.test_on_batch(PIXELS, np.ones((2, 1)), sample_weight=np.ones(2))
    assert not seen


def test_unknown_architecture_names_the_known_ones():
    with pytest.raises(ValueError, match="Known: base_cnn, cellnet, .*arch='resnet'"):
        build_model("resnet", image_size=SIZE, weights="none")
