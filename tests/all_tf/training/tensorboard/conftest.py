"""A run for TensorBoard, its network and what it says of two sets."""

from pathlib import Path

import pytest

from all_tf.data.class_balance import STRATEGIES
from all_tf.data.splits import load_data
from all_tf.training.prepared import Prepared
from all_tf.training.tensorboard.write import show_run
from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.registry import build_model
from tests.shown_runs import EXPERIMENT, note_epochs, result


@pytest.fixture(scope="module")
def prepared(records) -> Prepared:
    """A run whose network has learnt nothing."""
    data = load_data(EXPERIMENT, records)
    model = build_model("base_cnn", image_size=48, weights="none")
    classifier = build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer="sgd")
    return Prepared(EXPERIMENT, data, STRATEGIES["oversample"](data.fit.counts), classifier)


@pytest.fixture(scope="module")
def results(prepared):
    data = prepared.data
    return {
        "selection": result(data.selection, "selection", seed=1),
        "held out": result(data.held_out, "held out", seed=2),
    }


@pytest.fixture(scope="module")
def run(prepared, results, tmp_path_factory) -> Path:
    """Three epochs, and what they came to, written twice as by two processes."""
    path = tmp_path_factory.mktemp("runs") / "first"
    note_epochs(path)
    for amount in ("scalars", "full"):
        show_run(path, prepared, results, amount=amount)
    return path
