"""A step that XLA compiles learns what the plain one learns, and augmentation is no part of it."""

from dataclasses import replace
from operator import attrgetter

import keras
import numpy as np
import pytest
import tensorflow as tf

from all_tf.config.engine import Engine
from all_tf.config.experiment import View
from all_tf.data.augmentation import build_augment
from all_tf.training.train import train
from all_tf.training.xla import compiles_step, step_compiler
from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.optimizers import build_optimizer
from builders.registry import build_model
from tests.integration.test_resume import TUNED

_MOVES = "ImageProjectiveTransformV3"  # Of "rotate"; XLA has no kernel for it.
# Dropout draws other numbers under XLA; Adam would make a step of every rounding error.
EXPERIMENT = replace(
    TUNED,
    augment=("hflip", "rotate"),
    dropout=0.0,
    optimizer="sgd",
    learning_rate=0.03,
    epochs=2,
    batch_size=14,
)


@pytest.mark.parametrize(
    ("engine", "gpus", "expected"),
    [
        (Engine(), 0, False),
        (Engine(), 1, True),
        (Engine(deterministic=True), 1, False),
        (Engine(devices=2), 2, False),
        (Engine(jit="on"), 0, True),
        (Engine(jit="off"), 1, False),
    ],
)
def test_step_is_compiled_where_it_helps_or_is_asked_for(engine, gpus, expected, monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"] * gpus)
    assert compiles_step(engine) is expected


def test_augmentation_is_outside_of_what_is_compiled():
    model = build_model("base_cnn", image_size=32, weights="none")
    optimizer = build_optimizer("sgd", model, learning_rate=0.1)
    classifier = build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer=optimizer)
    classifier.augment = build_augment(("rotate",), view=View(450, 32, 32), seed=0)
    classifier.compile_step = step_compiler(Engine(jit="on"))
    batch = (tf.zeros((4, 32, 32, 3), tf.uint8), tf.zeros((4, 1)), tf.ones(4))
    classifier._symbolic_build(data_batch=batch)
    graph = tf.function(classifier.train_step, autograph=False).get_concrete_function(batch).graph
    outside = {operation.type for operation in graph.get_operations()}
    (step,) = (
        operation
        for operation in graph.get_operations()
        if "_XlaMustCompile" in operation.node_def.attr
    )
    assert step.get_attr("_XlaMustCompile") and _MOVES in outside and "Conv2D" not in outside
    functions = attrgetter("library.function")(graph.as_graph_def())
    name = step.get_attr("f").name
    (compiled,) = (function for function in functions if function.signature.name == name)
    inside = {node.op for node in compiled.node_def}
    assert _MOVES not in inside and "Conv2D" in inside


def last_arrays(records, run, **engine) -> dict[str, np.ndarray]:
    """Weights, optimizer and averages after the last epoch."""
    train(EXPERIMENT, records, run, engine=Engine(**engine))
    return dict(np.load(max((run / "state").iterdir()) / "arrays.npz"))


@pytest.fixture(scope="module")
def plain(records, tmp_path_factory):
    return last_arrays(records, tmp_path_factory.mktemp("runs") / "plain")


def test_compiled_step_leads_to_the_same_weights(plain, records, tmp_path):
    compiled = last_arrays(records, tmp_path / "run", jit="on")
    for name, expected in plain.items():
        np.testing.assert_allclose(compiled[name], expected, rtol=1e-5, atol=1e-5)
    keras.utils.set_random_seed(EXPERIMENT.seed)
    initial = build_model(EXPERIMENT.arch, image_size=32, weights="none").get_weights()[0]
    assert np.abs(plain["model-0000"] - initial).max() > 1e-3  # There was something to learn.


def test_several_steps_a_call_are_the_same_steps(plain, records, tmp_path):
    several = last_arrays(records, tmp_path / "run", steps_per_execution=3)
    assert Engine(steps_per_execution=3).steps_a_call(int(plain["optimizer-0000"]) // 2) > 1
    for name, expected in plain.items():
        np.testing.assert_array_equal(several[name], expected)
