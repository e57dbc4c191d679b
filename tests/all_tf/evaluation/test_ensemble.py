"""Several runs as one: the mean of calibrated logits, no fit, and every stamp of every member."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from all_tf.evaluation.ensemble import evaluate_ensemble
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.metrics.calibration import Calibration
from all_tf.reports.text import format_report
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import EvaluationSet, RunError
from all_tf.runs.members import members_of
from all_tf.runs.verification import verify
from tests.conftest import read_rows
from tests.untrained import EXPERIMENT, write_run

WHERE = EvaluationSet("validation")
OF_MEMBER = (
    Calibration(threshold=0.3, temperature=0.05, bias=0.2, fitted_on="train fold 0"),
    Calibration(threshold=0.6, temperature=4.0, bias=-0.1, fitted_on="train fold 1"),
)


@pytest.fixture(scope="module")
def members(records, tmp_path_factory):
    """Two runs of different folds, of unequal scale."""
    folder = tmp_path_factory.mktemp("runs")
    runs = []
    for fold, calibration in enumerate(OF_MEMBER):
        run = write_run(folder / f"r{fold}", records, replace(EXPERIMENT, fold=fold, seed=fold))
        write_calibration(run, calibration)
        runs.append(run)
    return runs


def test_score_is_that_of_the_mean_calibrated_logit(members, tmp_path):
    _, report = evaluate_ensemble(members, WHERE, out=tmp_path / "out")
    assert report == json.loads((tmp_path / "out/metrics.json").read_text())
    expected = {}
    for run, calibration in zip(members, OF_MEMBER, strict=True):
        evaluate_run(run, WHERE)
        for row in read_rows(run / "evaluation/validation/predictions.csv"):
            logit = float(row["logit"]) / calibration.temperature + calibration.bias
            expected.setdefault(row["name"], []).append(logit)
    rows = read_rows(tmp_path / "out/predictions.csv")
    for row in rows:
        assert float(row["logit"]) == pytest.approx(np.mean(expected[row["name"]]), abs=1e-5)
        assert row["calibrated_score"] == row["score"]
    labels = [int(row["label"]) for row in rows]
    means = [np.mean(expected[row["name"]]) for row in rows]
    assert report["auc"] == pytest.approx(roc_auc_score(labels, means))
    odds = np.sqrt(0.3 / 0.7 * 0.6 / 0.4)
    assert report["threshold"] == pytest.approx(odds / (1 + odds))
    assert read_calibration(tmp_path / "out").threshold == report["threshold"]
    text = format_report(report)
    chosen = "each with the epoch that was best on its own selection set"
    assert f"mean of 2 networks, {chosen}" in text and "train fold 0; train fold 1" not in text
    assert f"threshold {report['threshold']:.3f}: mean of the networks' thresholds\n" in text


def test_members_that_have_learnt_the_images_stamp_the_ensemble(members, tmp_path):
    assert evaluate_ensemble(members, WHERE, out=tmp_path / "a")[1]["stamps"] == []
    _, report = evaluate_ensemble(members, EvaluationSet("train", 1), out=tmp_path / "b")
    assert report["stamps"] == ["resubstitution", "optimistic"]


@pytest.mark.parametrize(
    ("name", "key", "value", "found"),
    [
        ("metrics.json", "stamps", [], "the report lacks 'optimistic'"),
        ("metrics.json", "stamps", ["resubstitution", "optimistic", "leaky folds"], "not follow"),
        ("calibration.json", "threshold", 0.31, "the members give"),
    ],
)
def test_what_does_not_follow_from_the_members_is_found_by_verify(
    name, key, value, found, members, tmp_path
):
    folder, _ = evaluate_ensemble(members, EvaluationSet("train", 1), out=tmp_path / "out")
    assert [each.drift for each in verify(folder)] == [[]]
    content = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(content | {key: value}))
    write_checksums(folder)
    assert found in "\n".join(verify(folder)[0].drift)


def test_runs_that_call_each_others_classes_positive_are_no_ensemble(records, tmp_path):
    runs = [write_run(tmp_path / name, records) for name in "ab"]
    content = json.loads((runs[1] / "config.json").read_text())
    turned = {"negative_class": "ALL", "positive_class": "CLL"}
    (runs[1] / "config.json").write_text(json.dumps(content | turned))
    with pytest.raises(RunError, match="mean opposite things"):
        members_of(runs)


def test_test_time_views_are_noted_and_unpublished_labels_give_a_submission(members, tmp_path):
    _, report = evaluate_ensemble(members, EvaluationSet("test"), out=tmp_path / "out", tta=8)
    assert report["tta"] == 8 and "f1" not in report
    assert (tmp_path / "out/submission.zip").is_file()


def test_evaluation_of_other_runs_is_not_overwritten(members, tmp_path):
    evaluate_ensemble(members, WHERE, out=tmp_path / "out")
    evaluate_ensemble(members, WHERE, out=tmp_path / "out")
    with pytest.raises(RunError, match="Name another --out"):
        evaluate_ensemble(members[::-1], WHERE, out=tmp_path / "out")
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(RunError, match="Name another --out"):
        evaluate_ensemble(members, WHERE, out=tmp_path)


def test_ensemble_without_a_place_goes_beside_its_first_member(members):
    folder, report = evaluate_ensemble(members, WHERE, tta=8)
    assert folder == members[0].parent / "ensemble/validation-tta-8"
    assert report == json.loads((folder / "metrics.json").read_text())


def test_runs_of_different_records_are_refused(members, records, tmp_path):
    other = write_run(tmp_path / "other", records)
    config = json.loads((other / "config.json").read_text())
    config["manifest_sha256"] = "0" * 64
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="different records"):
        evaluate_ensemble([members[0], other], WHERE, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_cross_validation_stands_for_its_folds_and_each_run_counts_once(members, records, tmp_path):
    from all_tf.launch.cross_validate import begin

    begin(tmp_path / "cv", EXPERIMENT, records=records, options=())
    folds = [tmp_path / f"cv/fold-{fold}" for fold in range(3)]
    assert members_of([tmp_path / "cv"]) == folds
    assert members_of([tmp_path / "cv", members[0]]) == [*folds, members[0]]
    for runs in ([members[0]], [members[0], members[0]], [tmp_path / "cv", folds[0]]):
        with pytest.raises(RunError, match="two runs or more, each once"):
            members_of(runs)
