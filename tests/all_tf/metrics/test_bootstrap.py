"""Intervals cover the truth as often as they say, and are not given where they cannot."""

import numpy as np
import pytest
from scipy import stats

from all_tf.metrics import bootstrap as bootstrap_module
from all_tf.metrics.bootstrap import (
    LEAST_GROUPS,
    Bootstrap,
    bootstrap_weights,
    count_groups,
    expanded_tail,
    intervals,
    mean_with_interval,
    patient_groups,
)
from all_tf.metrics.predictions import Predictions, evaluate
from all_tf.metrics.reliability import reliability_bins
from all_tf.metrics.summary import all_metrics

KEYS = ("accuracy", "f1", "kappa", "mcc", "sensitivity", "auc", "average_precision", "brier")


def draw_patients(
    seed: int, *, num_groups: tuple[int, int] = (15, 15), cells: int = 67
) -> Predictions:
    """Cells of HEM and ALL patients whose logits agree within a patient: correlation .14."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], np.multiply(num_groups, cells))
    groups = np.repeat(np.arange(sum(num_groups)), cells)
    of_patient = rng.normal(0, np.sqrt(0.14), sum(num_groups))[groups]
    logits = 1.5 * (labels - 0.5) + of_patient + rng.normal(0, np.sqrt(0.86), len(labels))
    names = np.arange(len(labels)).astype(str)
    return Predictions(names, groups.astype(str), groups.astype(str), labels, logits)


def as_if_cells_were_patients(predictions: Predictions) -> Predictions:
    names = predictions.names
    return Predictions(names, names, names, predictions.labels, predictions.logits)


def coverage(turn, *, repetitions: int) -> dict[str, float]:
    truth = evaluate(draw_patients(99, num_groups=(3000, 3000)))
    covered = dict.fromkeys(KEYS, 0)
    for seed in range(repetitions):
        predictions = turn(draw_patients(seed))
        bootstrap = Bootstrap(predictions, num_resamples=200, seed=seed)
        found = intervals(predictions, threshold=0.5, bootstrap=bootstrap)
        for key in KEYS:
            covered[key] += found[f"{key}_low"] <= truth[key] <= found[f"{key}_high"]
    return {key: number / repetitions for key, number in covered.items()}


def test_intervals_over_fifteen_patients_a_class_cover_the_truth():
    assert min(coverage(lambda predictions: predictions, repetitions=120).values()) >= 0.9


def test_intervals_over_cells_do_not():
    assert max(coverage(as_if_cells_were_patients, repetitions=40).values()) < 0.7


def test_bounds_are_there_for_every_figure_and_lie_around_it():
    predictions = draw_patients(1)
    figures = evaluate(predictions, threshold=0.4)
    bounds = intervals(
        predictions, threshold=0.4, bootstrap=Bootstrap(predictions, num_resamples=300)
    )
    assert set(bounds) == {f"{key}_{end}" for key in figures for end in ("low", "high")}
    for key in set(figures) - {"ece"}:
        assert bounds[f"{key}_low"] < figures[key] < bounds[f"{key}_high"]


def test_equal_seeds_give_equal_intervals():
    predictions = draw_patients(2)
    first, again, other = (
        intervals(
            predictions,
            threshold=0.5,
            bootstrap=Bootstrap(predictions, num_resamples=50, seed=seed),
        )
        for seed in (3, 3, 4)
    )
    assert first == again != other


def test_bounds_are_the_expanded_percentiles_of_a_slow_loop():
    predictions = draw_patients(3, num_groups=(5, 7), cells=9)
    units = patient_groups(predictions)
    kappas = []
    for row in bootstrap_weights(units, num_resamples=60, seed=8):
        times = row[units.of_cell].astype(int)
        drawn = predictions.take(np.repeat(np.arange(len(times)), times))
        kappas.append(evaluate(drawn)["kappa"])
    bootstrap = Bootstrap(predictions, num_resamples=60, seed=8)
    found = intervals(predictions, threshold=0.5, bootstrap=bootstrap)
    tail = expanded_tail(5)
    assert [found["kappa_low"], found["kappa_high"]] == pytest.approx(
        np.quantile(kappas, [tail, 1 - tail])
    )


@pytest.mark.parametrize("number", [5, 15, 10_000])
def test_percentiles_are_those_that_give_students_interval_of_a_mean(number):
    # The draws of a mean have the standard deviation over n, not n - 1.
    half_width = -stats.norm.ppf(expanded_tail(number)) * np.sqrt((number - 1) / number)
    assert half_width == pytest.approx(stats.t.ppf(0.975, number - 1))


@pytest.mark.parametrize("num_groups", [(LEAST_GROUPS - 1, 30), (30, 1)])
def test_few_groups_in_a_class_give_no_interval(num_groups):
    predictions = draw_patients(4, num_groups=num_groups, cells=6)
    bootstrap = Bootstrap(predictions, num_resamples=20)
    assert set(intervals(predictions, threshold=0.5, bootstrap=bootstrap).values()) == {None}
    counts = count_groups(predictions)
    assert (counts["num_groups_hem"], counts["num_groups_all"]) == num_groups
    assert (counts["num_images_hem"], counts["num_images_all"]) == tuple(np.multiply(num_groups, 6))


def test_joined_patients_are_drawn_together_and_classes_apart():
    text = np.array
    predictions = Predictions(
        text(list("abcd")), text(["1", "2", "3", "1"]), text(["1+2", "1+2", "3", "1+2"]),
        np.array([1, 1, 0, 0]), np.zeros(4),
    )  # fmt: skip
    units = patient_groups(predictions)
    assert (units.num_hem, units.num_all) == (2, 1)
    first, second, third, fourth = units.of_cell
    assert first == second == 2 and {third, fourth} == {0, 1}
    weights = bootstrap_weights(units, num_resamples=50)
    assert np.all(weights[:, :2].sum(1) == 2) and np.all(weights[:, 2] == 1)


# Computed with the code as it was when every part of a report resampled the groups for itself.
FIXED = {
    "f1": [0.8273162168093043, 0.7664188602490751, 0.8834942358710245],
    "kappa": [0.6385964912280703, 0.5092460881934566, 0.7569280262131618],
    "auc": [0.9120486111111111, 0.8637063432666258, 0.954425463341634],
    "calibration_slope": [2.1587532604086968, 1.7970180057990026, 2.7901317656452163],
    "calibration_intercept": [0.8123179049385469, 0.3911918528276362, 1.3187982366078939],
    "loss": [1.4936271496947326, 1.178216910576392, 1.8790916264280646],
}
FIXED_BIN = [0.5492957746478874, 0.3451828849923761, 0.7377049180327869]


def test_parts_of_a_report_share_one_bootstrap_and_keep_their_numbers(monkeypatch):
    calls = count_calls(monkeypatch)
    predictions = draw_patients(7, num_groups=(6, 9), cells=40)
    bootstrap = Bootstrap(predictions)
    assert not calls  # Nothing is computed before it is asked for.
    report = all_metrics(predictions, threshold=0.4, bootstrap=bootstrap)
    report |= mean_with_interval("loss", predictions.logits**2, predictions, bootstrap=bootstrap)
    fifth = reliability_bins(predictions, bootstrap=bootstrap)[4]
    assert sorted(calls) == ["bootstrap_weights", "patient_groups"]
    for key, expected in FIXED.items():
        found = [report[key], report[f"{key}_low"], report[f"{key}_high"]]
        assert found == pytest.approx(expected, rel=1e-9)
    found = [fifth["share_all"], fifth["share_all_low"], fifth["share_all_high"]]
    assert found == pytest.approx(FIXED_BIN, rel=1e-9)


def count_calls(monkeypatch) -> list[str]:
    """The names of the functions that resample and group, each time one is called from now on."""
    calls: list[str] = []
    for name in ("bootstrap_weights", "patient_groups"):
        monkeypatch.setattr(bootstrap_module, name, noting(calls, name))
    return calls


def noting(calls: list[str], name: str):
    function = getattr(bootstrap_module, name)

    def noted(*args, **kwargs):
        calls.append(name)
        return function(*args, **kwargs)

    return noted
