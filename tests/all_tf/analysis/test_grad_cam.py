"""Heat maps are the gradient's, and a network that has forgotten all draws another one."""

import keras
import numpy as np
import pytest

from all_tf.analysis.grad_cam import evidence_maps, randomised_maps
from builders.registry import build_model

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype("float32")


def draw(arch: str, *, seed: int, dropout: float = 0.0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build_model(arch, image_size=64, weights="none", dropout=dropout)


@pytest.fixture(scope="module")
def model(architecture):
    model = draw(architecture, seed=0, dropout=0.3)
    kernel, bias = model.get_layer("logit").get_weights()
    model.get_layer("logit").set_weights([kernel, bias + 0.7])
    return model


def test_map_is_the_class_activation_map_and_adds_up_to_the_logit(model):
    """With an average and one linear layer Grad-CAM is CAM (Selvaraju et al., section 3.1)."""
    maps = evidence_maps(model, IMAGES)
    both = keras.Model(model.input, [model.get_layer("pooled").input, model.output])
    features, logits = both(IMAGES, training=False)
    kernel, bias = model.get_layer("logit").get_weights()
    expected = (features @ kernel)[..., 0] / (maps.shape[1] * maps.shape[2])
    scale = np.abs(expected).max()
    np.testing.assert_allclose(maps, expected, atol=1e-5 * scale)
    total = maps.sum(axis=(1, 2)) + bias
    np.testing.assert_allclose(total, logits[:, 0], atol=1e-4 * np.abs(maps).sum(axis=(1, 2)).max())


def test_equal_weights_draw_an_equal_map_and_others_another():
    model = draw("cellnet", seed=0)
    before = [weight.copy() for weight in model.get_weights()]
    twin = dict(randomised_maps(model, IMAGES, draw=lambda: draw("cellnet", seed=0)))
    other = dict(randomised_maps(model, IMAGES, draw=lambda: draw("cellnet", seed=1)))
    expected = evidence_maps(model, IMAGES)
    assert list(other) == ["all layers", "upper half", "last layer"]
    for name, maps in twin.items():
        np.testing.assert_array_equal(maps, expected)
        assert not np.allclose(other[name], expected)
    np.testing.assert_array_equal(
        other["all layers"], evidence_maps(draw("cellnet", seed=1), IMAGES)
    )
    for weight, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)
    # The last layer is forgotten first: all below it is still as it was learnt.
    kernel, _ = draw("cellnet", seed=1).get_layer("logit").get_weights()
    features = keras.Model(model.input, model.get_layer("pooled").input)(IMAGES, training=False)
    np.testing.assert_allclose(other["last layer"], (features @ kernel)[..., 0] / 16, atol=1e-6)


def test_feature_map_of_one_pixel_is_refused_with_what_to_do():
    keras.utils.set_random_seed(0)
    small = build_model("vgg16", image_size=32, weights="none")
    with pytest.raises(ValueError, match="larger --image-size. Received: image size 32"):
        evidence_maps(small, IMAGES[:, :32, :32])
