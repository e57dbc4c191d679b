"""A run is verified by digests and by its figures, each drift named; nothing is changed."""

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import fit_calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.reports.run_facts import read_facts
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.checksums import changed_files, read_checksums, unchanged, write_checksums
from all_tf.runs.folder import SUBMISSION_FILE, RunError, evaluation_folder, write_config
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.required_files import RESULT_FILES
from all_tf.runs.submission import write_submission
from all_tf.runs.verification import _losses, verify
from builders.losses import LOSSES
from tests.conftest import ROOT
from tests.written_runs import file_scored_set
from tfrecords.store.manifest import digest_file


def draw(seed: int) -> Predictions:
    rng = np.random.default_rng(seed)
    patients = np.repeat([f"p{n}" for n in range(12)], 5)
    labels = np.repeat(np.arange(12) % 2, 5)
    names = np.array([f"{n}.bmp" for n in range(60)])
    return Predictions(names, patients, patients, labels, 2 * labels - 1 + rng.normal(0, 1.5, 60))


def file_set(folder, predictions, calibration, **more):
    folder.mkdir(parents=True, exist_ok=True)
    report = {
        "split": "train",
        "fold": 0,
        "selected_on": "train fold 0",
        "stamps": ["optimistic"],
        "best_epoch": 2,
        "tta": 1,
        "threshold": calibration.threshold,
        "threshold_rule": calibration.rule,
        "calibrated_on": calibration.fitted_on,
        "num_images": len(predictions),
        "num_patients": 12,
        **more,
    }
    if predictions.labelled:
        report |= all_metrics(predictions, threshold=calibration.threshold)
    file_scored_set(folder, report, predictions)


@pytest.fixture
def run(tmp_path):
    """A run with two sets that it was scored on, one of them without labels."""
    run, experiment = tmp_path / "run", Experiment("vgg16")
    run.mkdir()
    facts = {"class_weights": [1.5, 0.75], "folds": "grouped", "view": asdict(experiment.view)}
    digests = dict.fromkeys(("manifest_sha256", "folds_sha256"), "0" * 64)
    write_config(run, experiment, facts | digests | {"num_parameters": 7})
    calibration = fit_calibration(draw(0), fitted_on="train fold 0")
    write_calibration(run, calibration)
    (run / "status.json").write_text("{}")
    rows = [
        ("epoch", "val_kappa", "images_per_second"),
        (1, 0.5, 9.0),
        (2, 0.7, 11.0),
        (3, 0.7, 12.0),
    ]
    (run / "history.csv").write_text("".join(f"{a},{b},{c}\n" for a, b, c in rows))
    for name in ("environment.json", "best.weights.h5"):
        (run / name).write_text("{}")
    ranges = {"num_images": 9, "percentiles": [0.5, 99.5], "ranges": {"area": [1.0, 2.0]}}
    (run / "training_range.json").write_text(json.dumps(ranges))
    digest = digest_file(run / "best.weights.h5")
    more = {"images_per_second": 11.5, "num_parameters": 7, "weights_sha256": digest}
    file_set(run, calibration.apply(draw(0)), calibration, **more)
    cells = calibration.apply(draw(1))
    unlabelled = Predictions(
        cells.names, np.full(60, ""), np.full(60, ""), np.full(60, -1), cells.logits
    )
    folder = evaluation_folder(run, "test", None)
    of_test = {"split": "test", "fold": None, "stamps": [], "num_patients": 0}
    decided = calibration.apply(unlabelled)
    file_set(folder, decided, calibration, **of_test)
    write_submission(folder / SUBMISSION_FILE, decided, threshold=calibration.threshold)
    write_checksums(folder)
    return run


def drift(run) -> str:
    return "\n".join(line for each in verify(run) for line in each.drift)


def rewrite(path, old, new, *, resealed=True):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    if resealed:
        write_checksums(path.parent)


def test_run_as_it_was_left_has_no_drift(run):
    whole, test = verify(run)
    assert whole.drift == test.drift == []
    assert (whole.num_images, test.num_images, test.num_files) == (60, 60, 3)
    assert whole.num_figures > 50 and whole.num_files == 10
    (run / "status.json").write_text('{"state": "finished"}')  # Lives on.
    assert drift(run) == ""


def test_changed_figure_is_named_with_what_it_should_be_though_sealed_anew(run):
    report = json.loads((run / "metrics.json").read_text())
    value = report["auc_high"]
    rewrite(run / "metrics.json", f'"auc_high": {value!r}', '"auc_high": 0.99876')
    assert drift(run) == f"auc_high: metrics.json has 0.99876, the predictions give {value!r}"


def test_missing_figure_is_named(run):
    report = json.loads((run / "metrics.json").read_text())
    del report["kappa"]
    (run / "metrics.json").write_text(json.dumps(report))
    write_checksums(run)
    assert drift(run).startswith("kappa: metrics.json has None, the predictions give ")


def test_changed_file_is_found_by_its_digest(run):
    rewrite(run / "config.json", '"epochs": 10', '"epochs": 99', resealed=False)
    assert drift(run) == "config.json: changed since it was written (SHA-256)"
    (run / "config.json").unlink()
    assert drift(run).splitlines()[0] == "config.json: missing"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("label", "log_loss: metrics.json has"),
        ("logit", "predictions.csv, line 2: calibrated_score"),
        ("score", "predictions.csv, line 2: score 0.123, the predictions give"),
        ("calibrated_score", "predictions.csv, line 2: calibrated_score 0.123, the predictions"),
    ],
)
def test_changed_prediction_is_found_though_sealed_anew(column, expected, run):
    path = run / "predictions.csv"
    header, line, *_ = path.read_text().splitlines()
    fields = line.split(",")
    place = header.split(",").index(column)
    fields[place] = {"0": "1", "1": "0"}.get(fields[place], "0.123")
    rewrite(path, line, ",".join(fields))
    assert expected in drift(run)


def test_changed_table_is_found_and_many_differences_are_counted(run):
    path = run / "per_patient.csv"
    rewrite(path, path.read_text(), path.read_text().replace("\np", "\nq"))
    *named, counted = drift(run).splitlines()
    assert named[0].startswith("per_patient.csv, line 2: patient q")
    assert len(named) == 3 and counted == "per_patient.csv: 9 more differences"
    (run / "reliability.csv").unlink()
    write_checksums(run)
    assert "reliability.csv: missing" in drift(run)


def test_other_calibration_than_the_figures_were_taken_with_is_found(run):
    path = run / "calibration.json"
    rewrite(path, f'"threshold": {read_calibration(run).threshold!r}', '"threshold": 0.97')
    found = drift(run)
    assert "threshold: metrics.json has" in found and "kappa: metrics.json has" in found
    assert found.count("threshold: metrics.json has") == 2  # The set without labels has one too.


def test_folder_without_sums_cannot_be_vouched_for(run):
    (run / "SHA256SUMS").unlink()
    assert drift(run).startswith("SHA256SUMS: missing, so that nobody can say")


def test_illegible_predictions_are_a_drift_and_no_crash(run):
    (run / "predictions.csv").write_text("name\n1\n")
    write_checksums(run)
    assert "figures cannot be computed again: " in drift(run)


def test_folder_that_holds_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="No run in"):
        verify(tmp_path)


@pytest.mark.parametrize("loss", ["weighted_bce", "focal"])
def test_loss_is_that_of_the_training(loss, run):
    experiment = Experiment("vgg16", loss=loss, label_smoothing=0.1)
    predictions = draw(3)
    trained = LOSSES[loss]((1.5, 0.75), label_smoothing=0.1)
    expected = trained.call(predictions.labels[:, None], predictions.logits[:, None])
    found = _losses(predictions, experiment, (1.5, 0.75))
    assert found == pytest.approx(np.asarray(expected), abs=1e-6)


def test_loss_of_a_report_is_computed_again(run):
    predictions = read_predictions(run / "predictions.csv")
    losses = _losses(predictions, Experiment("vgg16"), [1.5, 0.75])
    report = json.loads((run / "metrics.json").read_text()) | {"loss": float(np.mean(losses))}
    file_scored_set(run, report, predictions)
    assert "loss_low: metrics.json has None" in drift(run) and "\nloss: " not in drift(run)


def test_seal_is_what_sha256sum_reads(run):
    answer = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=run, capture_output=True)
    assert answer.returncode == 0
    assert "status.json" not in read_checksums(run) and changed_files(run) == []


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-X", "importtime", ROOT / "scripts/verify.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_review_is_compared_with_its_checksums(run):
    (run / "review").mkdir()
    (run / "review/review.csv").write_text("name\n")
    write_checksums(run / "review")
    assert drift(run) == "" and len(verify(run)) == 3
    (run / "review/review.csv").write_text("other\n")
    assert "review.csv: changed since it was written" in drift(run)


def test_files_and_problems_are_counted_apart(run):
    (run / "predictions.csv").unlink()
    whole = verify(run)[0]
    assert whole.num_changed == 1 and len(whole.drift) == 2


def test_verify_as_typed_answers_without_tensorflow_and_by_its_exit_code(run, tmp_path):
    whole = call(run)
    assert whole.returncode == 0 and whole.stdout.count("as they were left") == 2
    imported = {line.rsplit("|")[-1].strip() for line in whole.stderr.splitlines()}
    assert not imported & {"tensorflow", "keras", "sklearn"}
    rewrite(run / "config.json", '"epochs": 10', '"epochs": 99', resealed=False)
    broken = call(run)
    assert broken.returncode == 1 and "10 files by SHA-256, 1 of them DIFFERS" in broken.stdout
    assert "; 1 problem:\n  config.json: changed" in broken.stdout
    assert "error: No run in" in call(tmp_path / "nowhere").stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "found"),
    [
        ("metrics.json", '"optimistic"', "", "stamps: the report lacks 'optimistic'"),
        (
            "metrics.json",
            '"optimistic"',
            '"optimistic", "leaky folds"',
            "'leaky folds', which does",
        ),
        ("metrics.json", '"split": "train"', '"split": "validation"', "split: metrics.json has"),
        ("metrics.json", '"fold": 0', '"fold": 1', "fold: metrics.json has 1"),
        ("metrics.json", '"best_epoch": 2', '"best_epoch": 3', "best_epoch: metrics.json has 3"),
        (
            "metrics.json",
            '"selected_on": "train fold 0"',
            '"selected_on": "nothing"',
            "selected_on",
        ),
        (
            "metrics.json",
            '"calibrated_on": "train fold 0"',
            '"calibrated_on": "x"',
            "calibrated_on",
        ),
        ("metrics.json", '"num_parameters": 7', '"num_parameters": 8', "num_parameters: metrics"),
        ("metrics.json", '"images_per_second": 11.5', '"images_per_second": 99', "images_per_sec"),
        ("metrics.json", '"weights_sha256": "', '"weights_sha256": "00', "weights_sha256"),
        ("history.csv", "3,0.7", "3,0.8", "best_epoch: metrics.json has 2, the run gives 3"),
        ("history.csv", "3,0.7", "7,0.7", "history.csv is damaged"),
        (
            "calibration.json",
            '"fitted_on": "train',
            '"fitted_on": "test',
            "fitted_on is 'test fold",
        ),
        ("calibration.json", '"num_groups": 12', '"num_groups": 99', "num_groups is 99"),
        ("calibration.json", '"rule": "max kappa"', '"rule": "best"', "rule is 'best'"),
        ("calibration.json", '"bias": -', '"bias": -9', "are not those that fit the selection set"),
        ("config.json", '"monitor": "val_kappa"', '"monitor": "val_loss"', "best_epoch: metrics"),
        ("config.json", '"crop": 450', '"crop": 300', "the view does not follow"),
        ("config.json", '"folds": "grouped"', '"folds": "official"', "lacks 'leaky folds'"),
        ("training_range.json", "99.5", "0.1", "(line 1, field percentiles)"),
        ("environment.json", "{}", '{"gpus": 7}', "(line 1, field gpus): Expected a list of text"),
        ("best.weights.h5", "{}", "[]", "weights_sha256: metrics.json has"),
    ],
)
def test_statement_that_does_not_follow_is_found_though_sealed_anew(name, old, new, found, run):
    rewrite(run / name, old, new)
    assert found in drift(run)


REQUIRED = (
    "metrics.json predictions.csv config.json status.json calibration.json history.csv "
    "best.weights.h5 environment.json training_range.json per_patient.csv reliability.csv"
)


@pytest.mark.parametrize("name", REQUIRED.split())
def test_file_that_is_gone_with_its_line_is_missed(name, run):
    (run / name).unlink()
    write_checksums(run)
    assert f"{name}: missing" in drift(run) or f"has no {name}" in drift(run)


def test_line_that_was_taken_out_and_file_that_was_added_are_said(run):
    sums = run / "SHA256SUMS"
    whole = sums.read_text()
    sums.write_text("".join(line for line in whole.splitlines(True) if "history" not in line))
    assert drift(run) == "history.csv: not listed in SHA256SUMS"
    with pytest.raises(RunError, match=r"history.csv: not listed in SHA256SUMS. It is not what"):
        unchanged(run / "history.csv")
    sums.write_text(whole)
    (run / "notes.txt").write_text("mine")
    (run / "report.html").write_text("written later")
    assert drift(run) == "notes.txt: not listed in SHA256SUMS"
    sums.write_text(whole + whole)
    assert "SHA256SUMS is damaged or from another version (line 11)" in drift(run)


def test_finished_run_without_metrics_and_checksums_is_no_run_that_is_whole(run):
    (run / "status.json").write_text('{"state": "finished"}')
    (run / "metrics.json").unlink()
    (run / "SHA256SUMS").unlink()
    assert "SHA256SUMS: missing" in drift(run)
    with pytest.raises(RunError, match="SHA256SUMS is missing"):
        unchanged(run / "config.json")


@pytest.mark.parametrize(
    "place",
    [
        "run/evaluation/validation",
        "run/evaluation/lab-0123/validation",
        "cv/out-of-fold",
        "cv/ensemble/validation",
        "cv/calibrations/lab",
    ],
)
def test_result_without_checksums_is_read_by_nobody(place, tmp_path):
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text("{}")
    if place.startswith("run"):
        (tmp_path / "run/status.json").write_text('{"state": "running"}')
        assert unchanged(folder / "metrics.json").exists()
        (tmp_path / "run/status.json").write_text('{"state": "finished"}')
    with pytest.raises(RunError, match="SHA256SUMS is missing"):
        unchanged(folder / "metrics.json")


def test_folder_in_a_run_that_is_a_link_is_said(run, tmp_path):
    (run / "evaluation/validation").symlink_to(tmp_path, target_is_directory=True)
    assert drift(run) == "evaluation/validation: a symbolic link"
    with pytest.raises(RunError, match="evaluation/validation is a symbolic link"):
        read_facts(run)


@pytest.mark.parametrize("kept", RESULT_FILES)
def test_what_is_left_of_a_result_is_missed(kept, run):
    lone = evaluation_folder(run, "train", 1)
    lone.mkdir()
    (lone / kept).write_text("{}")
    assert "SHA256SUMS: missing, so that nobody can say" in drift(run)


def test_half_written_result_is_none(run):
    hidden = run / "evaluation" / ".partial-result"
    hidden.mkdir()
    (hidden / "metrics.json").write_text("{}")
    assert drift(run) == ""


def test_reader_of_one_file_checks_it_alone(run):
    assert unchanged(run / "config.json") == run / "config.json"
    rewrite(run / "history.csv", "9.0", "8.0", resealed=False)
    unchanged(run / "config.json")
    with pytest.raises(RunError, match=r"history.csv: changed since it was written \(SHA-256\)"):
        unchanged(run / "history.csv")
    (run / "training_range.json").unlink()
    write_checksums(run)
    with pytest.raises(RunError, match=r"training_range.json: missing"):
        unchanged(run / "training_range.json")
    (run / "config.json").rename(run.parent / "config.json")
    (run / "config.json").symlink_to(run.parent / "config.json")
    with pytest.raises(RunError, match="config.json: a symbolic link"):
        unchanged(run / "config.json")


def test_report_in_the_folder_of_another_set_is_found(run):
    (run / "evaluation/test").rename(run / "evaluation/validation")
    assert "validation: its report is of test" in drift(run)


def test_settings_and_epochs_are_held_against_the_last_saved_state(run):
    state = run / "state/epoch-0003"
    state.mkdir(parents=True)
    (state / "config.json").write_bytes((run / "config.json").read_bytes())
    values = ((1, 0.5, 9.0), (2, 0.7, 11.0), (3, 0.7, 12.0))
    keys = ("epoch", "val_kappa", "images_per_second")
    history = [dict(zip(keys, row, strict=True)) for row in values]
    (state / "state.json").write_text(json.dumps({"epoch": 3, "history": history}))
    assert drift(run) == ""
    rewrite(run / "config.json", '"seed": 0', '"seed": 1')
    rewrite(run / "history.csv", "1,0.5", "1,0.4")
    assert "config.json: not what the run was trained with" in drift(run)
    assert "history.csv: not the epochs that " in drift(run)
