"""What every architecture of the registry promises."""

import keras
import numpy as np
import pytest

from all_tf import names
from builders import weights
from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.registry import ARCHITECTURES, build_model
from builders.weights import WeightsError

SIZE = 64
PIXELS = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype("float32")
# With 1,000 classes; the head is replaced here, so the backbone is what must agree.
BACKBONE_PARAMETERS = {"base_cnn": 992, "densenet169": 12_642_880, "efficientnetb0": 4_049_571}
PREPROCESSING = {
    "base_cnn": lambda x: x / 255,
    "densenet169": lambda x: keras.applications.densenet.preprocess_input(x.copy()),
    "efficientnetb0": lambda x: (x / 255 - weights.IMAGENET_MEAN) / weights.IMAGENET_STD,
}
# The layer whose output is the preprocessed image.
PREPROCESSED = {
    "base_cnn": "scaled",
    "densenet169": "standardized",
    "efficientnetb0": "normalization",
}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    keras.utils.set_random_seed(0)
    return build_model(request.param, image_size=SIZE, weights="none")


def test_registry_is_the_command_lines():
    assert set(ARCHITECTURES) == set(names.ARCHITECTURES)


def test_graph_is_flat_and_its_pooled_layer_named(model):
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.get_layer("pooled").output.shape == model.layers[-1].input.shape


def test_raw_pixels_give_one_finite_float32_logit(model):
    logits = model(PIXELS)
    assert model.input_shape == (None, SIZE, SIZE, 3)
    assert tuple(logits.shape) == (2, 1) and logits.dtype == "float32"
    assert np.all(np.isfinite(logits))


def test_preprocessing_is_the_familys_own(model):
    name = next(n for n in (PREPROCESSED[model.name],))
    layer = next(layer for layer in model.layers if layer.name.startswith(name))
    found = keras.Model(model.input, layer.output)(PIXELS)
    np.testing.assert_allclose(found, PREPROCESSING[model.name](PIXELS), rtol=1e-4, atol=1e-4)


def test_number_of_parameters_is_the_published_one(model):
    head = model.get_layer("logit").count_params()
    assert model.count_params() - head == BACKBONE_PARAMETERS[model.name]


def test_saved_weights_give_the_same_logits_in_a_new_model(model, tmp_path):
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    keras.utils.set_random_seed(1)
    loaded = build_model(model.name, image_size=SIZE, weights=str(path))
    np.testing.assert_array_equal(loaded(PIXELS), model(PIXELS))


def test_mixed_precision_ends_in_float32():
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_model("base_cnn", image_size=SIZE, weights="none")
        assert model.get_layer("conv").compute_dtype == "bfloat16"
        assert model(PIXELS).dtype == "float32"
    finally:
        keras.config.set_dtype_policy(previous)


def test_classifier_saves_what_the_plain_model_loads(tmp_path):
    classifier = classify("base_cnn")
    classifier.save_weights(tmp_path / "c.weights.h5")
    plain = build_model("base_cnn", image_size=SIZE, weights=str(tmp_path / "c.weights.h5"))
    np.testing.assert_array_equal(plain(PIXELS), classifier(PIXELS))


def classify(arch: str):
    return build_classifier(
        arch,
        image_size=SIZE,
        weights="none",
        loss=WeightedBinaryCrossentropy(),
        learning_rate=1e-3,
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
    with pytest.raises(ValueError, match="Known: base_cnn, densenet169.*arch='resnet'"):
        build_model("resnet", image_size=SIZE, weights="none")


def test_architecture_without_imagenet_weights_says_so():
    with pytest.raises(WeightsError, match="Pass --weights none"):
        build_model("base_cnn", image_size=SIZE, weights="imagenet")


@pytest.mark.parametrize("arch", ["densenet169", "efficientnetb0"])
def test_imagenet_weights_that_cannot_be_downloaded_name_the_ways_out(arch, monkeypatch):
    def fail(*args, **kwargs):
        raise Exception("URL fetch failure on https://example.org/x.h5: None -- unreachable")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", fail)
    with pytest.raises(WeightsError, match=r"unreachable.*--weights none.*FILE\.weights\.h5"):
        build_model(arch, image_size=SIZE, weights="imagenet")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arch", "application"),
    [
        ("densenet169", keras.applications.DenseNet169),
        ("efficientnetb0", keras.applications.EfficientNetB0),
    ],
)
def test_imagenet_weights_mean_what_they_mean_to_keras(arch, application, monkeypatch, tmp_path):
    """A local file stands in for the download; Keras' own graph is the oracle."""
    published = application(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    if arch == "efficientnetb0":  # Its file holds standard deviations as variances.
        (norm,) = (x for x in published.layers if isinstance(x, keras.layers.Normalization))
        norm.adapt_mean.assign(weights.IMAGENET_MEAN)
        norm.adapt_variance.assign(weights.IMAGENET_STD)
    published.save_weights(tmp_path / "published.weights.h5")
    monkeypatch.setattr(
        "keras.src.utils.file_utils.get_file",
        lambda *args, **kwargs: str(tmp_path / "published.weights.h5"),
    )
    oracle = application(include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3))
    pixels = PIXELS
    if arch == "densenet169":
        pixels = keras.applications.densenet.preprocess_input(PIXELS.copy())
    model = build_model(arch, image_size=SIZE, weights="imagenet")
    features = keras.Model(model.input, model.get_layer("pooled").input)
    np.testing.assert_allclose(features(PIXELS), oracle(pixels), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.weights.h5", "No such file"),
        ("model.keras", r"Expected imagenet, none or a file \*\.weights\.h5"),
        ("text.weights.h5", "does not fit base_cnn"),
        ("other.weights.h5", "does not fit base_cnn"),
    ],
)
def test_file_of_weights_that_cannot_serve_is_refused(name, message, tmp_path):
    (tmp_path / "text.weights.h5").write_text("hello")
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(WeightsError, match=message):
        build_model("base_cnn", image_size=SIZE, weights=str(tmp_path / name))
