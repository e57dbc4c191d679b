"""The optimizers: equal to Keras' own without options, with a rule for each weight otherwise."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from all_tf.config import choices
from builders.optimizers import OPTIMIZERS, build_optimizer, update_rules
from builders.registry import build_model
from tests.conftest import ROOT

KERAS = {
    "adam": lambda: keras.optimizers.Adam(0.1),
    "adamw": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.0),
    "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
}
# The operation of TensorFlow has 1 - beta in float32, Keras rounds it later: .00005 of a step.
ROUNDING = {"rtol": 1e-5, "atol": 5e-6}
ALL = pytest.mark.parametrize("name", OPTIMIZERS)


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return build_model("base_cnn", image_size=32, weights="none")


def weights(model) -> dict[str, np.ndarray]:
    return {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}


def gradients(model, step: int = 0) -> list:
    rng = np.random.default_rng(step)
    return [
        keras.ops.convert_to_tensor(rng.normal(size=v.shape).astype("float32"))
        for v in model.trainable_variables
    ]


def moved(model, optimizer, *, steps: int = 4, gradients_of=gradients) -> dict[str, np.ndarray]:
    """What some steps from the same weights lead to; the model is put back."""
    before = model.get_weights()
    for step in range(steps):
        optimizer.apply(gradients_of(model, step), model.trainable_variables)
    after = weights(model)
    model.set_weights(before)
    return after


def zeros(model, step: int = 0) -> list:
    return [keras.ops.zeros_like(gradient) for gradient in gradients(model, step)]


def test_optimizers_are_the_command_lines():
    assert tuple(OPTIMIZERS) == choices.OPTIMIZER_NAMES


def ruled(name, model, **how):
    """An optimizer at a rate of 0.1 by the rules of these settings."""
    return build_optimizer(name, model, learning_rate=0.1, rules=update_rules(model, **how))


@ALL
def test_plain_optimizer_moves_as_that_of_keras(name, model):
    found = moved(model, build_optimizer(name, model, learning_rate=0.1))
    expected = moved(model, KERAS[name]())
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, **ROUNDING, err_msg=path)


def test_decoupled_decay_shrinks_kernels_by_rate_times_decay_and_nothing_else(model):
    before = weights(model)
    optimizer = ruled("adamw", model, weight_decay=0.2)
    for path, value in moved(model, optimizer, steps=1, gradients_of=zeros).items():
        kept = 1 - 0.1 * 0.2 if path.endswith("kernel") else 1
        np.testing.assert_allclose(value, before[path] * kept, rtol=1e-6, err_msg=path)


def test_adamw_is_that_of_keras_with_biases_and_scales_left_out(model):
    expected = keras.optimizers.AdamW(0.1, weight_decay=0.2)
    expected.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer = ruled("adamw", model, weight_decay=0.2)
    found, expected = moved(model, optimizer), moved(model, expected)
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, **ROUNDING, err_msg=path)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_classical_decay_is_part_of_the_gradient_of_kernels(name, model):
    def with_decay(model, step):
        return [
            gradient + 0.2 * variable if variable.path.endswith("kernel") else gradient
            for gradient, variable in zip(
                gradients(model, step), model.trainable_variables, strict=True
            )
        ]

    found = moved(model, ruled(name, model, weight_decay=0.2))
    expected = moved(model, KERAS[name](), gradients_of=with_decay)
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, **ROUNDING, err_msg=path)


@ALL
def test_layer_decay_scales_the_rate_also_of_adam(name, model):
    before = weights(model)
    plain = moved(model, build_optimizer(name, model, learning_rate=0.1))
    slower = moved(model, ruled(name, model, layer_decay=0.25))
    for path, value in before.items():
        factor = 1 if path.startswith("logit") else 0.25
        np.testing.assert_allclose(
            slower[path] - value, factor * (plain[path] - value), rtol=1e-3, atol=1e-6
        )


def test_layer_decay_scales_decoupled_weight_decay(model):
    before = weights(model)
    optimizer = ruled("adamw", model, weight_decay=0.2, layer_decay=0.25)
    after = moved(model, optimizer, steps=1, gradients_of=zeros)
    for path, kept in (("conv/kernel", 1 - 0.1 * 0.2 / 4), ("logit/kernel", 1 - 0.1 * 0.2)):
        np.testing.assert_allclose(after[path], before[path] * kept, rtol=1e-6)


@ALL
def test_backbone_that_joins_late_moves_as_one_that_has_just_begun(name, model):
    optimizer = ruled(name, model, frozen_steps=30)
    head = [v for v in model.trainable_variables if v.path.startswith("logit")]
    for step in range(30):
        optimizer.apply(gradients(model, step)[-len(head) :], head)
    found = moved(model, optimizer)
    expected = moved(model, build_optimizer(name, model, learning_rate=0.1))
    for path, value in expected.items():
        if not path.startswith("logit"):
            np.testing.assert_allclose(found[path], value, rtol=1e-4, atol=1e-6, err_msg=path)


def test_uncorrected_adam_would_make_a_late_backbone_leap(model):
    """Why `frozen_steps` is there."""
    before = weights(model)["conv/kernel"]
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build(model.trainable_variables)
    optimizer.iterations.assign(1000)
    ones = [keras.ops.ones_like(gradient) for gradient in gradients(model)]
    found = moved(model, optimizer, steps=1, gradients_of=lambda *_: ones)["conv/kernel"]
    assert np.abs(found - before).min() > 2 * 0.1


_ON_JAX = """
import keras, numpy
from builders.optimizers import build_optimizer, update_rules
from builders.registry import build_model
from builders.schedules import cosine

assert keras.backend.backend() == "jax"
model = build_model("base_cnn", image_size=32, weights="none")
before = {v.path: numpy.asarray(v) for v in model.trainable_variables}
rate = cosine(0.2, steps=20, warmup_steps=10)
rules = update_rules(model, weight_decay=0.5, layer_decay=0.25, frozen_steps=1)
optimizer = build_optimizer("adamw", model, learning_rate=rate, rules=rules)
optimizer.iterations.assign(5)
model.compile(optimizer, lambda labels, logits: 0 * logits)
model.fit(numpy.zeros((2, 32, 32, 3)), numpy.zeros((2, 1)), verbose=0)
for path, factor in (("conv/kernel", 0.25), ("logit/kernel", 1.0)):
    after = next(v for v in model.trainable_variables if v.path == path)
    numpy.testing.assert_allclose(after, before[path] * (1 - 0.1 * 0.5 * factor), rtol=1e-5)
"""


@pytest.mark.slow
def test_optimizer_works_on_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    answer = subprocess.run(
        [sys.executable, "-c", _ON_JAX],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
