"""Figures read off a confusion matrix are scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from all_tf.config.choices import DIRECTIONS
from all_tf.metrics.confusion_matrix import STREAMED_METRICS, metrics_from_counts


def oracle(labels, decisions) -> dict[str, float]:
    """The same figures by scikit-learn, from labels and decisions."""
    f1 = [metrics.f1_score(labels, decisions, average=a, zero_division=0) for a in _AVERAGES]
    sensitivity = metrics.recall_score(labels, decisions, zero_division=0)
    specificity = metrics.recall_score(labels, decisions, pos_label=0, zero_division=0)
    return {
        "accuracy": metrics.accuracy_score(labels, decisions),
        "f1": f1[0],
        "f1_macro": f1[1],
        "f1_all": f1[2],
        "kappa": metrics.cohen_kappa_score(labels, decisions, labels=[0, 1]),
        "mcc": metrics.matthews_corrcoef(labels, decisions),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
    }


_AVERAGES = ("weighted", "macro", "binary")


def counted(labels, decisions) -> np.ndarray:
    return metrics.confusion_matrix(labels, decisions, labels=[0, 1]).ravel().astype(float)


@pytest.mark.parametrize("seed", range(20))
def test_figures_equal_scikit_learn_on_random_confusions(seed):
    rng = np.random.default_rng(seed)
    labels = rng.random(300) < rng.uniform(0.1, 0.9)
    decisions = np.where(rng.random(300) < rng.uniform(0, 1), labels, rng.random(300) < 0.5)
    found = metrics_from_counts(*counted(labels, decisions), ops=np)
    assert found == pytest.approx(oracle(labels, decisions), abs=1e-12)


@pytest.mark.parametrize("decision", [0, 1])
def test_constant_decision_has_kappa_and_mcc_0(decision):
    labels = np.array([0, 0, 1])
    decisions = np.full(3, decision)
    found = metrics_from_counts(*counted(labels, decisions), ops=np)
    assert found["kappa"] == found["mcc"] == 0
    assert found == pytest.approx(oracle(labels, decisions))


def test_nothing_counted_gives_numbers():
    assert set(metrics_from_counts(*np.zeros(4), ops=np).values()) == {0}


def test_every_streamed_figure_has_a_direction():
    assert (
        set(STREAMED_METRICS)
        == set(metrics_from_counts(*np.ones(4), ops=np))
        == set(DIRECTIONS) - {"loss"}
    )
