"""Two models are told apart as often as they should be, and never on different cells."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from all_tf.metrics.bootstrap import Bootstrap, bootstrap_weights, interval, patient_groups
from all_tf.metrics.paired import PairError, ScoredRun, _throws, paired_differences
from all_tf.metrics.predictions import Predictions, evaluate
from all_tf.metrics.weighted import additive_metrics


def draw_pair(
    seed: int, *, num_groups: tuple[int, int] = (14, 14), cells: int = 30, gain: float = 0.0
) -> tuple[ScoredRun, ScoredRun]:
    """Two models; each fares better with some patients and worse with others, by chance."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], np.multiply(num_groups, cells))
    groups = np.repeat(np.arange(sum(num_groups)), cells)
    names, patients = np.arange(len(labels)).astype(str), groups.astype(str)
    shared = rng.normal(0, 0.6, len(labels))

    def judge(effect: float) -> ScoredRun:
        of_patient = rng.normal(0, 0.4, sum(num_groups))[groups]
        logits = (labels - 0.5) * (1.5 + effect) + shared + of_patient
        logits = logits + rng.normal(0, 0.6, len(labels))
        return ScoredRun(Predictions(names, patients, patients, labels, logits), 0.5)

    return judge(gain), judge(0)


def mcnemar(first: ScoredRun, second: ScoredRun) -> float:
    """The p-value of McNemar's exact test on cells."""
    ours, theirs = (
        each.predictions.decisions(0.5) == each.predictions.labels for each in (first, second)
    )
    gained, lost = int(np.sum(ours & ~theirs)), int(np.sum(theirs & ~ours))
    return stats.binomtest(gained, gained + lost).pvalue


def test_equal_models_are_told_apart_once_in_twenty_where_a_test_on_cells_errs_often(monkeypatch):
    monkeypatch.setattr("all_tf.metrics.paired._MOST_FLIPS", 500)
    monkeypatch.setattr("all_tf.metrics.paired.Bootstrap", partial(Bootstrap, num_resamples=500))
    found, on_cells = [], []
    for seed in range(100):
        pair = draw_pair(seed)
        found.append(paired_differences(*pair, figures=additive_metrics))
        on_cells.append(mcnemar(*pair))
    for key in ("accuracy", "kappa", "f1", "brier"):
        assert np.mean([each[key].p_value < 0.05 for each in found]) <= 0.09
        assert np.mean([each[key].better != 0 for each in found]) <= 0.09
    assert np.mean(np.array(on_cells) < 0.05) > 0.2


def test_better_model_is_found_whichever_comes_first():
    better, worse = draw_pair(1, gain=2.0)
    found, turned = paired_differences(better, worse), paired_differences(worse, better)
    for key in ("f1", "kappa", "accuracy", "auc", "average_precision", "brier", "log_loss"):
        assert found[key].better == 1 and turned[key].better == -1
        assert found[key].low == pytest.approx(-turned[key].high)
    assert found["accuracy"].p_value < 0.001 and found["auc"].p_value is None


def test_difference_is_that_of_the_figures_and_its_interval_that_of_a_slow_loop():
    first, second = draw_pair(2, num_groups=(5, 6), cells=8)
    found = paired_differences(first, second)
    ours, theirs = (evaluate(each.predictions) for each in (first, second))
    units = patient_groups(first.predictions)
    drawn = []
    for row in bootstrap_weights(units):
        times = np.repeat(np.arange(len(units.of_cell)), row[units.of_cell].astype(int))
        right = [each.predictions.take(times) for each in (first, second)]
        shares = [np.mean(each.decisions(0.5) == each.labels) for each in right]
        drawn.append(shares[0] - shares[1])
    for key, value in ours.items():
        assert (found[key].first, found[key].second) == pytest.approx((value, theirs[key]))
    assert (found["accuracy"].low, found["accuracy"].high) == pytest.approx(
        interval(np.array(drawn), units)
    )


def test_p_value_is_that_of_all_exchanges_in_a_slow_loop():
    first, second = draw_pair(3, num_groups=(5, 5), cells=6, gain=0.5)
    found = paired_differences(first, second, figures=additive_metrics)
    observed = abs(found["kappa"].first - found["kappa"].second)
    groups = first.predictions.patients.astype(int)
    ours, theirs = first.predictions.logits, second.predictions.logits
    extreme = 0
    for throw in range(2**10):
        changes = (throw >> groups & 1).astype(bool)
        kappas = [
            evaluate(replace(first.predictions, logits=logits, calibrated_scores=None))["kappa"]
            for logits in (np.where(changes, theirs, ours), np.where(changes, ours, theirs))
        ]
        extreme += abs(kappas[0] - kappas[1]) >= observed - 1e-12
    assert found["kappa"].p_value == pytest.approx(extreme / 2**10)


def test_many_groups_are_thrown_for_by_chance_and_what_happened_is_among_the_throws(monkeypatch):
    assert _throws(5).shape == (32, 5) and len(np.unique(_throws(5), axis=0)) == 32
    throws = _throws(40)
    assert throws.shape == (10_001, 40) and not throws[0].any()
    assert np.mean(throws) == pytest.approx(0.5, abs=0.01)
    first, second = draw_pair(4, gain=4.0)
    at_once = paired_differences(first, second, figures=additive_metrics)
    monkeypatch.setattr("all_tf.metrics.paired._CHUNK", 28 * 3000)
    assert paired_differences(first, second, figures=additive_metrics) == at_once
    assert at_once["accuracy"].p_value == 1 / 10_001


def test_few_groups_in_a_class_tell_nothing_apart():
    found = paired_differences(*draw_pair(5, num_groups=(4, 20), gain=5.0))
    for difference in found.values():
        assert difference[2:] == (None, None, None, 0)
        assert difference.first != difference.second or difference.first == 1


def test_order_of_the_cells_does_not_matter():
    first, second = draw_pair(6, num_groups=(5, 5), cells=5)
    order = np.random.default_rng(0).permutation(50)
    shuffled = second._replace(predictions=second.predictions.take(order))
    assert paired_differences(first, shuffled) == paired_differences(first, second)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ({"names": np.array(["x"] + [str(n) for n in range(1, 50)])}, "49 of them the same"),
        ({"labels": np.repeat([1, 0], 25)}, "their labels are not"),
        ({"groups": np.repeat(["a", "b"], 25)}, "their groups are not"),
    ],
)
def test_other_cells_labels_or_groups_are_refused(spoil, message):
    first, second = draw_pair(7, num_groups=(5, 5), cells=5)
    other = second._replace(predictions=replace(second.predictions, **spoil))
    with pytest.raises(PairError, match=message):
        paired_differences(first, other)
