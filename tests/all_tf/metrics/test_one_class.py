"""A set of one class has the metrics that are defined, and says why it has no others."""

import json

import numpy as np
import pytest
from sklearn import metrics

from all_tf.metrics.bootstrap import Bootstrap, mean_with_interval
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.one_class import one_class_metrics, only_class
from all_tf.metrics.registry import METRICS
from all_tf.metrics.summary import all_metrics
from all_tf.reports.comparison_text import comparison_table
from all_tf.reports.html_report.write import write_about
from all_tf.reports.run_facts import read_facts
from all_tf.reports.text import format_patients, format_report
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import read_metrics
from all_tf.runs.report_header import Selection, SetPlace, report_header
from all_tf.runs.verification import verify
from tests.written_runs import draw_predictions, file_scored_set, write_run

NAMES = {1: "ALL", 0: "HEM"}
DEFINED = {"accuracy", "brier", "log_loss", "ece"}
OF_CLASS = {1: "sensitivity", 0: "specificity"}


def of_class(label: int, **how):
    drawn = draw_predictions(**how)
    return drawn.take(drawn.labels == label)


def scored_at(folder, predictions):
    """A folder of this evaluated set, as evaluate.py leaves it, and its report."""
    place = SetPlace("validation", None, "0" * 64, stamps=[])
    report = report_header(predictions, place, Selection("train fold 0", 2), Calibration())
    report |= all_metrics(predictions, threshold=0.5)
    file_scored_set(folder, report, predictions)
    write_calibration(folder, Calibration())
    write_checksums(folder)
    return report


@pytest.mark.parametrize("label", [1, 0])
def test_defined_metrics_equal_scikit_learn_and_the_others_are_none(label):
    predictions = of_class(label)
    found = all_metrics(predictions, threshold=0.4)
    decisions, scores = predictions.decisions(0.4), predictions.calibrated_scores
    right = metrics.accuracy_score(predictions.labels, decisions)
    assert found["accuracy"] == found[OF_CLASS[label]] == pytest.approx(right)
    assert found["brier"] == pytest.approx(np.mean((scores - label) ** 2))
    loss = metrics.log_loss(predictions.labels, scores, labels=[0, 1])
    assert found["log_loss"] == pytest.approx(loss)
    keys = {key for key, metric in METRICS.items() if metric.source != "epoch"}
    assert {key for key in keys if found[key] is not None} == DEFINED | {OF_CLASS[label]}
    for key in DEFINED | {OF_CLASS[label]}:  # Six patients: enough for an interval.
        assert found[f"{key}_low"] <= found[key] <= found[f"{key}_high"]
    for key in keys - DEFINED - {OF_CLASS[label]}:
        assert found[f"{key}_low"] is found[f"{key}_high"] is None
    assert found["missing"].startswith(f"All cells are {NAMES[label]}, so that")
    assert found[f"num_images_{NAMES[1 - label].lower()}"] == 0
    json.dumps(found, allow_nan=False)


def test_intervals_equal_those_of_the_same_resamples_by_hand():
    predictions = of_class(1)
    bootstrap = Bootstrap(predictions)
    found = one_class_metrics(predictions, threshold=0.5, bootstrap=bootstrap)
    values = [
        np.average(predictions.decisions(0.5), weights=weights[bootstrap.groups.of_cell])
        for weights in bootstrap.weights
    ]
    low, high = bootstrap.interval(np.array(values))
    assert (found["sensitivity_low"], found["sensitivity_high"]) == pytest.approx((low, high))
    mean = mean_with_interval("right", predictions.decisions(0.5), predictions)
    assert mean["right_low"] == pytest.approx(low)


def test_few_patients_have_no_interval():
    found = all_metrics(of_class(1, patients=("a", "b", "c", "d")), threshold=0.5)
    assert found["sensitivity"] is not None and found["sensitivity_low"] is None


def test_class_is_named_only_where_there_is_one():
    assert [only_class(of_class(label)) for label in (1, 0)] == ["ALL", "HEM"]
    assert only_class(draw_predictions()) is None
    assert "missing" not in all_metrics(draw_predictions(), threshold=0.5)


@pytest.mark.parametrize("label", [1, 0])
def test_everything_that_reads_results_copes(label, tmp_path):
    run = write_run(tmp_path / "run", class_weights=[1.0, 1.0])
    predictions = of_class(label)
    report = scored_at(run / "evaluation/validation", predictions)
    reason = f"not estimable: no cells of {NAMES[1 - label]}"
    assert f"  {reason}: f1, kappa, " in format_report(report)
    assert len(format_patients(predictions, threshold=0.5).splitlines()) == 2 + 6
    (checked,) = verify(run / "evaluation/validation")
    assert not checked.drift and checked.num_figures > 40
    facts = read_facts(run)
    assert facts.evaluated.report == read_metrics(run)  # Of both classes, so that it can stand.
    assert "| run " in comparison_table([facts])
    page = write_about([run])[0].read_text()
    assert reason in page
