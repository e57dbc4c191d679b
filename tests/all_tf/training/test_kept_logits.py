"""A validation leaves the logits that a prediction would give, cell by cell."""

import numpy as np
import tensorflow as tf

from all_tf.training.kept_logits import KeptLogits
from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.registry import build_model


def test_logits_of_a_validation_are_those_of_a_prediction():
    model = build_model("base_cnn", image_size=32, weights="none")
    classifier = build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer="sgd")
    images = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3)).astype(np.uint8)
    labels, mask = np.zeros((12, 1), np.float32), np.ones(12, np.float32)  # Two rows fill up.
    batches = tf.data.Dataset.from_tensor_slices((images, labels, mask)).batch(4)
    kept = classifier.keep_logits = KeptLogits(10, batch_size=4)
    weights = [np.array(variable) for variable in classifier.variables]
    for _ in range(2):  # Of two epochs the last one counts.
        kept.begin()
        classifier.evaluate(batches, verbose=0)
    expected = classifier.predict(batches, verbose=0)[:10, 0]
    np.testing.assert_allclose(kept.values(), expected, atol=1e-6)
    assert len(weights) == len(classifier.variables)  # None of them is ours.
