"""What is drawn of scores and labels is what scikit-learn counts, to the point."""

import numpy as np
import pytest
from sklearn import calibration, metrics

from all_tf.plots.curves import draw_confusion, draw_precision_recall, draw_reliability, draw_roc

THRESHOLD = 0.45


@pytest.fixture(scope="module")
def scored() -> tuple[np.ndarray, np.ndarray]:
    """Labels, and scores that know something of them; some are tied."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 200)
    return labels, np.round(1 / (1 + np.exp(-rng.normal(labels * 1.5 - 0.5))), 2)


def lines(axes) -> dict[str, np.ndarray]:
    """The points of each line by its label: `(n, 2)`."""
    return {line.get_label(): line.get_xydata() for line in axes.lines}


def test_confusion_has_counts_and_shares_of_each_class(scored):
    labels, scores = scored
    decisions = (scores >= THRESHOLD).astype(int)
    (axes,) = draw_confusion(labels, decisions).axes
    (tn, fp), (fn, tp) = metrics.confusion_matrix(labels, decisions)
    shown = {text.get_position(): text.get_text() for text in axes.texts}
    assert [shown[at] for at in ((0, 0), (1, 0), (0, 1), (1, 1))] == [
        str(n) for n in (tp, fn, fp, tn)
    ]
    assert shown[0, 0.2] == f"{100 * tp / (tp + fn):.1f} %"
    assert shown[0, 1.2] == f"{100 * fp / (fp + tn):.1f} %"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["ALL", "HEM"]


def test_roc_is_scikit_learns_and_marks_the_threshold(scored):
    labels, scores = scored
    (axes,) = draw_roc(labels, scores, threshold=THRESHOLD, area="0.9").axes
    drawn = lines(axes)
    expected = np.stack(metrics.roc_curve(labels, scores)[:2], axis=1)
    np.testing.assert_array_equal(drawn["area 0.9"], expected)
    decisions = scores >= THRESHOLD
    sensitivity = metrics.recall_score(labels, decisions)
    specificity = metrics.recall_score(labels, decisions, pos_label=0)
    np.testing.assert_allclose(drawn["threshold 0.45"], [[1 - specificity, sensitivity]])


def test_precision_and_recall_are_scikit_learns_and_mark_the_threshold(scored):
    labels, scores = scored
    (axes,) = draw_precision_recall(labels, scores, threshold=THRESHOLD, area="0.9").axes
    drawn = lines(axes)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    np.testing.assert_array_equal(
        drawn["average precision 0.9"], np.stack([recall, precision], axis=1)
    )
    decisions = scores >= THRESHOLD
    at = metrics.recall_score(labels, decisions), metrics.precision_score(labels, decisions)
    np.testing.assert_allclose(drawn["threshold 0.45"], [at])


def test_precision_of_nothing_called_is_not_marked(scored):
    labels, scores = scored
    (axes,) = draw_precision_recall(labels, scores, threshold=1.1, area="0.9").axes
    assert not any(name.startswith("threshold") for name in lines(axes))


def test_reliability_is_scikit_learns_for_each_kind_of_score_and_counts_the_last(scored):
    labels, scores = scored
    kinds = {"score": scores**2, "calibrated": scores}
    above, below = draw_reliability(labels, kinds).axes
    drawn = lines(above)
    for name, kind in kinds.items():
        shares, means = calibration.calibration_curve(labels, kind, n_bins=10)
        np.testing.assert_allclose(drawn[name], np.stack([means, shares], axis=1))
    for label, bars in zip((1, 0), below.containers, strict=True):
        heights = [bar.get_height() for bar in bars]
        assert heights == np.histogram(scores[labels == label], 10, (0, 1))[0].tolist()
