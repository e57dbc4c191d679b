"""The streamed figures of an epoch are those of the whole epoch, padding not counted."""

import keras
import numpy as np
import pytest

from all_tf.training.streaming_metrics import ConfusionMetrics
from builders.losses import WeightedBinaryCrossentropy
from tests.all_tf.metrics.test_confusion_matrix import oracle


def stream(labels, logits, *, batch_size: int) -> dict[str, float]:
    """Feed padded, masked batches, as the pipeline makes them."""
    metric = ConfusionMetrics(WeightedBinaryCrossentropy((2.0, 0.5)))
    for start in range(0, len(labels), batch_size):
        batch = np.arange(start, start + batch_size)
        rows = np.minimum(batch, len(labels) - 1)
        metric.update_state(labels[rows, None], logits[rows, None], batch < len(labels))
    return {key: float(value) for key, value in metric.result().items()}


@pytest.mark.parametrize("batch_size", [1, 32, 1000])
def test_streamed_figures_equal_scikit_learn_for_any_batch_size(batch_size):
    rng = np.random.default_rng(0)
    labels = (rng.random(157) < 0.7).astype("float32")
    logits = (rng.normal(size=157) + labels - 0.5).astype("float32")
    found = stream(labels, logits, batch_size=batch_size)
    expected = -np.mean(
        np.where(
            labels > 0,
            0.5 * np.log(1 / (1 + np.exp(-logits))),
            2 * np.log(1 / (1 + np.exp(logits))),
        )
    )
    assert found.pop("loss") == pytest.approx(expected, abs=1e-6)
    assert found == pytest.approx(oracle(labels, logits >= 0), abs=1e-6)


def test_logit_0_is_called_all_as_a_score_of_one_half_is():
    found = stream(np.ones(1, "float32"), np.zeros(1, "float32"), batch_size=1)
    assert found["sensitivity"] == 1


def test_mixed_label_counts_as_the_class_of_its_larger_share_an_even_one_as_all():
    rng = np.random.default_rng(1)
    labels = np.append(rng.random(60), [0.5, 0.5]).astype("float32")
    logits = rng.normal(size=62).astype("float32")
    found = stream(labels, logits, batch_size=16)
    found.pop("loss")
    assert found == pytest.approx(oracle(labels >= 0.5, logits >= 0), abs=1e-6)


def test_loss_of_mixed_labels_is_that_of_their_shares():
    labels, logits = np.array([0.3, 0.8], "float32"), np.array([1.5, -0.5], "float32")
    score = 1 / (1 + np.exp(-logits))
    expected = -np.mean(0.5 * labels * np.log(score) + 2 * (1 - labels) * np.log(1 - score))
    assert stream(labels, logits, batch_size=2)["loss"] == pytest.approx(expected, abs=1e-6)


def test_reset_forgets_the_epoch():
    metric = ConfusionMetrics(WeightedBinaryCrossentropy())
    metric.update_state(np.ones((4, 1)), np.ones((4, 1), "float32"))
    metric.reset_state()
    assert float(keras.ops.sum(metric.confusion)) == 0


def test_mean_over_batches_would_be_another_figure():
    labels = np.array([1, 1, 0, 0], "float32")
    logits = np.array([1, 1, 1, -1], "float32")
    halves = [stream(labels[i : i + 2], logits[i : i + 2], batch_size=2)["f1"] for i in (0, 2)]
    assert np.mean(halves) != pytest.approx(stream(labels, logits, batch_size=2)["f1"], abs=0.01)
