"""The joined model computes what its parts do, in layers of Keras alone."""

import keras
import numpy as np
import pytest
from keras import layers

from all_tf.config.experiment import View
from all_tf.export.portable_model import ExportedRun, portable_model
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import logistic
from all_tf.runs.errors import RunError
from builders.registry import build_model
from tfrecords.synthetic.cells import draw_cell

SIDE = 64
VIEW = View(450, SIDE, SIDE)
RNG = np.random.default_rng(2)
CELLS = np.stack([draw_cell(RNG, label=n % 2) for n in range(4)])


def member(arch: str = "base_cnn", seed: int = 0, **calibration) -> ExportedRun:
    keras.utils.set_random_seed(seed)
    network = build_model(arch, image_size=SIDE, weights="none")
    return ExportedRun(VIEW, network, Calibration(**calibration))


def logits_of(part: ExportedRun) -> np.ndarray:
    """Calibrated, of images that Pillow has resized."""
    from PIL import Image

    shown = [Image.fromarray(each).resize((SIDE,) * 2, Image.Resampling.BILINEAR) for each in CELLS]
    logits = part.network.predict(np.stack(shown).astype("float32"), verbose=0)[:, 0]
    return logits.astype(np.float64) / part.calibration.temperature + part.calibration.bias


@pytest.mark.parametrize("arch", ["cellnet", "efficientnetb0", "vgg16"])
def test_probability_is_the_calibrated_score(arch):
    part = member(arch, temperature=0.5, bias=0.2)
    found = portable_model([part], threshold=0.5).predict(CELLS, verbose=0)
    np.testing.assert_allclose(found["probability"], logistic(logits_of(part)), atol=1e-6)
    assert found["probability"].dtype == np.float32 and found["answer"].dtype == np.int64


def test_several_runs_give_the_mean_of_their_calibrated_logits():
    parts = [member(seed=1, temperature=0.1), member(seed=2, bias=-1.0), member("cellnet", bias=2)]
    expected = logistic(np.mean([logits_of(part) for part in parts], axis=0))
    threshold = float(np.sort(expected)[1:3].mean())
    found = portable_model(parts, threshold=threshold).predict(CELLS, verbose=0)
    np.testing.assert_allclose(found["probability"], expected, atol=1e-6)
    np.testing.assert_array_equal(found["answer"], (expected >= threshold).astype(int))
    assert set(found["answer"]) == {0, 1}


@pytest.mark.parametrize(("threshold", "answer"), [(0.0, 1), (1.0, 0)])
def test_ends_of_the_threshold_call_all_cells_the_same(threshold, answer):
    found = portable_model([member()], threshold=threshold).predict(CELLS, verbose=0)
    assert set(found["answer"]) == {answer}


def test_saturated_scores_are_told_apart_by_their_logits():
    """Probabilities of 1 - 1e-9 and 1 - 2e-9 are one number in float32."""
    part = member(temperature=1e-3)
    logits = np.sort(logits_of(part))
    middle = float(logits[1:3].mean())
    part = part._replace(calibration=Calibration(temperature=1e-3, bias=21 - middle))
    threshold = float(logistic(np.float64(21)))
    found = portable_model([part], threshold=threshold).predict(CELLS, verbose=0)
    np.testing.assert_array_equal(found["answer"], (logits_of(part) >= 21).astype(int))
    assert found["answer"].sum() == 2


def test_every_layer_of_the_saved_model_is_of_keras():
    model = portable_model([member("cellnet"), member("efficientnetb0")], threshold=0.5)

    def modules(config) -> set[str]:
        if isinstance(config, list | tuple):
            return set().union(*map(modules, config))
        if not isinstance(config, dict):
            return set()
        own = {config["module"]} if isinstance(config.get("module"), str) else set()
        return own.union(*map(modules, config.values()))

    named = modules(keras.saving.serialize_keras_object(model))
    assert named and all(name.split(".")[0] in ("keras", "builtins") for name in named)


def test_layers_that_are_replaced_compute_the_same():
    image = keras.Input((SIDE, SIDE, 3), name="image")
    maps = layers.Normalization(mean=[120, 110, 100], variance=[9, 16, 25])(image)
    maps = layers.Conv2D(6, 3, strides=2, groups=1, name="mixing")(maps)
    maps = layers.Conv2D(6, 3, padding="same", groups=6, name="grouped")(maps)
    maps = layers.Activation("gelu", name="gelu")(maps)
    network = keras.Model(image, layers.Dense(1)(layers.GlobalAveragePooling2D()(maps)))
    part = ExportedRun(VIEW, network, Calibration())
    model = portable_model([part], threshold=0.5)
    names = {type(layer).__name__ for layer in model.get_layer("network_0").layers}
    assert "DepthwiseConv2D" in names and not names & {"Normalization", "Activation"}
    expected = logistic(logits_of(part))
    found = model.predict(CELLS, verbose=0)["probability"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_layer_of_ones_own_with_weights_is_refused():
    class Scale(layers.Layer):
        def build(self, shape):
            self.factor = self.add_weight(shape=(), name="factor")

        def call(self, maps):
            return maps * self.factor

    image = keras.Input((SIDE, SIDE, 3), name="image")
    logit = layers.Dense(1)(layers.GlobalAveragePooling2D()(Scale(name="mine")(image)))
    part = ExportedRun(VIEW, keras.Model(image, logit), Calibration())
    with pytest.raises(
        RunError, match="mine is no layer of Keras and has weights.*Received: Scale"
    ):
        portable_model([part], threshold=0.5)
