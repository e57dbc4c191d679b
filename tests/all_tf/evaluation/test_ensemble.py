"""Several runs as one: the mean of calibrated logits, no fit, and every stamp of every member."""

import json
import shutil
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
from all_tf.runs.folder import EvaluationSet, RunError, read_metrics, write_json
from all_tf.runs.members import members_of, note_members, runs_behind
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
        ("metrics.json", "stamps", ["optimistic", "chosen among 9 trials"], "not follow"),
        ("metrics.json", "best_epoch", 3, "best_epoch: metrics.json has 3, the members give None"),
        ("metrics.json", "selected_on", "validation", "selected_on: metrics.json has 'validation'"),
        ("metrics.json", "calibrated_on", "x", "calibrated_on: metrics.json has 'x'"),
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
    runs = [write_run(tmp_path / f"r{n}", records, replace(EXPERIMENT, seed=n)) for n in (0, 1)]
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


@pytest.mark.parametrize(
    ("other", "how"),
    [(EvaluationSet("test"), {}), (EvaluationSet("train", 1), {}), (WHERE, {"tta": 8})],
)
def test_evaluation_on_another_set_or_with_other_views_is_not_overwritten(
    other, how, members, tmp_path
):
    evaluate_ensemble(members, WHERE, out=tmp_path / "out")
    before = (tmp_path / "out/metrics.json").read_bytes()
    with pytest.raises(RunError, match="Name another --out"):
        evaluate_ensemble(members, other, out=tmp_path / "out", **how)
    assert (tmp_path / "out/metrics.json").read_bytes() == before


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


def moved_together(members, folder):
    """Copies of the members in a folder, and a result on them beside."""
    runs = [shutil.copytree(member, folder / member.name) for member in members]
    return runs, evaluate_ensemble(runs, WHERE, out=folder / "ens")[0]


def test_members_are_noted_by_weights_and_by_paths_from_the_result(
    members, records, tmp_path, monkeypatch
):
    runs, folder = moved_together(members, tmp_path / "one")
    report = read_metrics(folder)
    assert report["members"] == ["../r0", "../r1"]
    assert report["members_sha256"] == [read_metrics(run)["weights_sha256"] for run in runs]
    elsewhere = shutil.copytree(tmp_path / "one", tmp_path / "two")
    for number, name in enumerate(("r0", "r1")):  # Other networks where the command is started.
        run = write_run(tmp_path / "here" / name, records, replace(EXPERIMENT, seed=number + 7))
        assert read_metrics(run)["weights_sha256"] not in report["members_sha256"]
    monkeypatch.chdir(tmp_path / "here")
    assert runs_behind(folder) == runs
    assert [each.drift for each in verify(folder)] == [[]]
    assert runs_behind(elsewhere / "ens") == [elsewhere / "r0", elsewhere / "r1"]


@pytest.mark.parametrize("holds", ["another network", "nothing"])
def test_member_that_holds_other_weights_is_refused(holds, members, records, tmp_path):
    runs, folder = moved_together(members, tmp_path)
    shutil.rmtree(runs[1])
    if holds == "another network":
        write_run(runs[1], records, replace(EXPERIMENT, seed=7))
    with pytest.raises(RunError, match="r1 is not the run that .*ens is a result of") as caught:
        runs_behind(folder)
    assert "\n" not in str(caught.value) and "evaluate.py" in str(caught.value)
    drift = verify(folder)[0].drift
    if holds == "another network":
        assert "members: the report is of other weights than" in "\n".join(drift)


def test_result_of_an_earlier_version_is_read_by_its_paths_and_says_so(
    members, tmp_path, monkeypatch, capsys
):
    runs, folder = moved_together(members, tmp_path)
    report = read_metrics(folder) | {"members": ["r0", "r1"]}
    del report["members_sha256"]
    write_json(folder / "metrics.json", report)
    write_checksums(folder)
    monkeypatch.chdir(tmp_path)
    assert [run.resolve() for run in runs_behind(folder)] == runs
    assert [each.drift for each in verify(folder)] == [[]]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "noted no SHA-256 of its members" in said[0] and "r0, r1" in said[0]
    evaluate_ensemble(runs, WHERE, out=folder)
    assert read_metrics(folder)["members"] == ["../r0", "../r1"]


@pytest.mark.parametrize("digests", [[], ["0" * 64], ["0" * 64, ""]])
def test_result_without_a_digest_for_each_member_is_damaged(digests, members, tmp_path):
    _, folder = moved_together(members, tmp_path)
    write_json(folder / "metrics.json", read_metrics(folder) | {"members_sha256": digests})
    write_checksums(folder)
    with pytest.raises(RunError, match="a SHA-256 for each of 2 members"):
        runs_behind(folder)


def test_copy_of_a_member_is_refused(members, tmp_path):
    copy = shutil.copytree(members[0], tmp_path / "copy")
    with pytest.raises(RunError, match="copy holds the same weights as .*r0 .*count twice"):
        members_of([members[0], members[1], copy])
    assert members_of(members) == members


@pytest.fixture
def folds(records, tmp_path):
    """A cross-validation of three folds, with as much of it as `runs_behind` reads."""
    from all_tf.launch.cross_validate import begin

    begin(tmp_path / "cv", EXPERIMENT, records=records, options=())
    joined = tmp_path / "cv/out-of-fold"
    joined.mkdir()
    write_json(joined / "metrics.json", {"best_epochs": [1, 2, 3]})
    write_checksums(joined)
    return tmp_path / "cv"


def with_folds(folder, numbers):
    path = folder / "cross-validation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"folds": numbers}))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], "0, 1, 2 and so on"),
        ([2, 0], "0, 1, 2 and so on"),
        ([0, 0, 1], "0, 1, 2 and so on"),
        ([1, 2], "0, 1, 2 and so on"),
        ([0, 1], "the 3 folds that .*out-of-fold/metrics.json is of"),
        ([0, 1, 2, 3], "the 3 folds that .*out-of-fold/metrics.json is of"),
    ],
)
def test_folds_that_are_not_those_of_the_cross_validation_are_refused(numbers, expected, folds):
    assert [run.name for run in runs_behind(folds)] == ["fold-0", "fold-1", "fold-2"]
    with_folds(folds, numbers)
    with pytest.raises(RunError, match=f"cross-validation.json is damaged .*{expected}") as caught:
        runs_behind(folds)
    assert "\n" not in str(caught.value)


def test_folds_fewer_than_their_runs_are_refused(folds):
    shutil.rmtree(folds / "out-of-fold")
    (folds / "fold-2").mkdir()
    assert len(runs_behind(folds)) == 3
    with_folds(folds, [0, 1])
    with pytest.raises(RunError, match="cross-validation.json is damaged .*that of fold-2"):
        runs_behind(folds)


def test_what_limits_the_parents_of_the_members_is_missed_by_verify(members, tmp_path):
    copies = [shutil.copytree(member, tmp_path / member.name) for member in members]
    digests = dict.fromkeys(("run_sha256", "weights_sha256", "manifest_sha256"), "0" * 64)
    sweep = {"trial": "trial-007", "trials": 40, "metric": "kappa"}
    limits = {"validation": ["learnt by its parent"]}
    parent = {"run": "first", "records": "", **digests, "stamps": limits, "sweep": sweep}
    path = copies[1] / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"parent": parent}))
    folder, _ = evaluate_ensemble(members, WHERE, out=tmp_path / "out")
    report = json.loads((folder / "metrics.json").read_text())
    noted = note_members(folder, copies)
    write_json(folder / "metrics.json", report | noted)
    write_checksums(folder)
    drift = "\n".join(verify(folder)[0].drift)
    assert "lacks 'chosen among 40 trials'" in drift and "lacks 'learnt by its parent'" in drift
