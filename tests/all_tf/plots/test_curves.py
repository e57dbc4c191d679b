"""What is drawn of scores and labels is what scikit-learn counts, to the point."""

import numpy as np
import pytest
from sklearn import calibration, metrics

from all_tf.plots.curves import draw_confusion, draw_precision_recall, draw_reliability, draw_roc
from all_tf.plots.learning_curves import CURVES, draw_curve
from all_tf.plots.patients import draw_patients
from all_tf.plots.style import COLOUR_OF_CLASS

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


def test_every_cell_of_every_patient_is_a_tick_of_its_class():
    scores_of = {"ALL-01": np.array([0.9, 0.2]), "HEM-01": np.array([0.1]), "ALL-02": np.ones(3)}
    rows = [
        {
            "pseudonym": name,
            "label": int(name < "B"),
            "num_images": len(scores),
            "share_correct": float(np.mean(scores > 0.5)),
            "mean_score": float(np.mean(scores)),
        }
        for name, scores in scores_of.items()
    ]
    strip, bars = draw_patients(rows, scores_of, threshold=0.5).axes
    order = [tick.get_text() for tick in strip.get_yticklabels()]
    assert order == ["ALL-02", "ALL-01", "HEM-01"]
    _, *ticks = strip.lines
    found = {
        (order[round(y + 0.36)], x, line.get_color())
        for line in ticks
        for x, y in line.get_xydata()[::3]
    }
    assert found == {
        (name, score, COLOUR_OF_CLASS[int(name < "B")])
        for name, scores in scores_of.items()
        for score in scores
    }
    assert [bar.get_width() for bar in bars.patches] == [100, 50, 0]
    assert "50 % of 2" in {text.get_text() for text in bars.texts}


def test_curve_has_both_sets_and_the_epoch_that_was_kept():
    rows = [
        {"epoch": str(n), **{f"{of}{key}": f"{n / 10}" for of in ("", "val_") for key in CURVES}}
        for n in (1, 2, 3)
    ]
    rows[1]["val_kappa"] = "0.7"
    (axes,) = draw_curve(rows, "kappa", best_epoch=2).axes
    assert axes.get_ylabel() == "kappa" and lines(axes).keys() >= {"selection set", "training"}
    assert lines(axes)["selection set"].tolist() == [[1, 0.1], [2, 0.7], [3, 0.3]]
    assert lines(axes)["training"].tolist() == [[1, 0.1], [2, 0.2], [3, 0.3]]
    assert axes.lines[0].get_xdata() == [2, 2]
