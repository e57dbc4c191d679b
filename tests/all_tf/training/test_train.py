"""A run from records to figures: what it leaves behind, and that every figure is true."""

import json
import shutil
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from all_tf.config.choices import DIRECTIONS
from all_tf.config.experiment import Experiment
from all_tf.data.splits import SplitError
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.run_weights import RunError, load_run, read_config
from all_tf.metrics.bootstrap import LEAST_GROUPS
from all_tf.metrics.calibration import fit_calibration
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import EvaluationSet
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.verification import verify
from all_tf.training.callbacks.epoch_charts import tag_of
from all_tf.training.train import train
from tests.all_tf.metrics.test_bootstrap import count_calls
from tests.conftest import read_rows
from tfrecords.packing.folding import refold

EXPERIMENT = Experiment(
    "base_cnn",
    image_size=48,
    batch_size=16,
    epochs=3,
    learning_rate=0.03,
    augment=("hflip", "random_crop", "gamma"),
    imbalance="class_weights",
    weights="none",
    fold=1,
)

OF_THE_SCORE = ("auc", "average_precision", "brier", "log_loss", "ece")


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "honest"
    train(EXPERIMENT, records, path)
    return path


@pytest.fixture
def copied(run, tmp_path):
    """A copy, for tests that score more sets."""
    return shutil.copytree(run, tmp_path / "copied")


def read_json(path):
    return json.loads(path.read_text())


def predicted(path, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of a predictions.csv."""
    rows = read_rows(path)
    return (
        np.array([int(row["label"]) for row in rows]),
        np.array([float(row[column]) for row in rows]),
    )


def by_scikit_learn(labels, scores, *, threshold) -> dict[str, float]:
    decisions = scores >= threshold
    return {
        "accuracy": metrics.accuracy_score(labels, decisions),
        "f1": metrics.f1_score(labels, decisions, average="weighted", zero_division=0),
        "f1_macro": metrics.f1_score(labels, decisions, average="macro", zero_division=0),
        "f1_all": metrics.f1_score(labels, decisions, zero_division=0),
        "kappa": metrics.cohen_kappa_score(labels, decisions),
        "mcc": metrics.matthews_corrcoef(labels, decisions),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, decisions),
        "sensitivity": metrics.recall_score(labels, decisions),
        "specificity": metrics.recall_score(labels, decisions, pos_label=0),
    }


def test_run_folder_holds_all_that_is_needed_to_judge_it(run):
    found = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    events = {name for name in found if "tfevents" in name}
    assert {name.rsplit("/", 1)[0] for name in events} == {
        "tensorboard/train",
        "tensorboard/selection",
    }
    states = {f"state/epoch-000{epoch}" for epoch in (2, 3)}
    parts = ("arrays.npz", "best.weights.h5", "config.json", "digests.json", "state.json")
    assert found - events - {f"{state}/{part}" for state in states for part in parts} == {
        ".lock",
        ".lock-result",
        "evaluation/validation/.lock-result",
        "status.json",
        "config.json",
        "environment.json",
        "history.csv",
        "known_cells.json",
        "SHA256SUMS",
        "calibration.json",
        "metrics.json",
        "per_patient.csv",
        "predictions.csv",
        "reliability.csv",
        "best.weights.h5",
        "training_images.csv",
        "training_range.json",
        "evaluation/validation/SHA256SUMS",
        "evaluation/validation/metrics.json",
        "evaluation/validation/per_patient.csv",
        "evaluation/validation/predictions.csv",
        "evaluation/validation/reliability.csv",
    }


def test_figures_of_the_best_epoch_equal_scikit_learn_on_the_predictions(run):
    report, history = read_json(run / "metrics.json"), read_rows(run / "history.csv")
    calibrated = predicted(run / "predictions.csv", "calibrated_score")
    for key, value in by_scikit_learn(*calibrated, threshold=report["threshold"]).items():
        assert report[key] == pytest.approx(value, abs=1e-9)
    best = history[report["best_epoch"] - 1]
    for key, value in by_scikit_learn(
        *predicted(run / "predictions.csv", "score"), threshold=0.5
    ).items():
        assert float(best[f"val_{key}"]) == pytest.approx(value, abs=1e-6)
    assert report["loss"] == pytest.approx(float(best["val_loss"]), abs=1e-5)


def test_probabilistic_figures_equal_scikit_learn(run):
    file = run / "evaluation/validation/predictions.csv"
    labels, scores = predicted(file, "calibrated_score")
    report = read_json(run / "evaluation/validation/metrics.json")
    assert report["auc"] == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert report["brier"] == pytest.approx(np.mean((scores - labels) ** 2))
    assert report["log_loss"] == pytest.approx(
        -np.mean(np.log(np.where(labels == 1, scores, 1 - scores)))
    )


def test_history_has_a_line_an_epoch_and_the_best_is_the_best(run):
    history = read_rows(run / "history.csv")
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    kappas = [float(row["val_kappa"]) for row in history]
    assert read_json(run / "metrics.json")["best_epoch"] == np.argmax(kappas) + 1
    for key in DIRECTIONS:
        assert all(
            np.isfinite([float(row[key]), float(row[f"val_{key}"])]).all() for row in history
        )


def test_size_and_speed_are_noted_for_comparison(run):
    report, (_, facts) = read_json(run / "metrics.json"), read_config(run)
    speeds = [float(row["images_per_second"]) for row in read_rows(run / "history.csv")]
    assert report["num_parameters"] == facts["num_parameters"] == 992 + 33
    assert report["images_per_second"] == np.median(speeds[1:]) and min(speeds) > 0


def test_tensorboard_shows_every_figure_of_both_sets(run):
    history = read_rows(run / "history.csv")
    for folder, prefix in (("train", ""), ("selection", "val_")):
        events = EventAccumulator(str(run / "tensorboard" / folder))
        events.Reload()
        found = set(events.Tags()["tensors"])
        alone = {"learning_rate", "more/images_per_second", "more/auc"}
        groups = ("progress", "pictures", "result", "steps/", "plan", "custom_scalars", "_hparams")
        charts = {tag for tag in found if not tag.startswith(groups) and "pr_curves" not in tag}
        assert charts - alone == set(map(tag_of, DIRECTIONS))
        assert ("more/images_per_second" in found) == (folder == "train")
        assert sorted(charts)[:2] == ["f1", "kappa"]  # As TensorBoard sorts its charts.
        for key in ("f1", "kappa", "loss"):
            shown = events.Tensors(key)
            assert [event.step for event in shown] == [1, 2, 3]
            values = [float(make_ndarray(event.tensor_proto)) for event in shown]
            expected = [float(row[f"{prefix}{key}"]) for row in history]
            assert values == pytest.approx(expected, abs=1e-6)


def test_event_files_name_no_patient_and_no_image(run):
    content = b"".join(path.read_bytes() for path in (run / "tensorboard").rglob("*.v2"))
    rows = read_rows(run / "predictions.csv")
    for name in {row["name"] for row in rows}:
        assert Path(name).stem.encode() not in content


def test_plan_names_the_initial_weights_whole_on_the_terminal_alone(run, records, tmp_path, capsys):
    started = replace(EXPERIMENT, epochs=1, limit_train=2, weights=f"{run}/")
    train(started, records, tmp_path / "x")
    assert f"weights: {run}/\n" in capsys.readouterr().out
    events = EventAccumulator(str(tmp_path / "x/tensorboard/train")).Reload()
    (plan,) = events.Tensors("plan")
    assert b"weights: honest\n" in make_ndarray(plan.tensor_proto).item()
    files = [path for path in (tmp_path / "x/tensorboard").rglob("*") if path.is_file()]
    assert not [path for path in files if str(run.parent).encode() in path.read_bytes()]


def test_predictions_are_the_selection_fold_sorted_by_name(run, records):
    rows = read_rows(run / "predictions.csv")
    folds = {row["name"]: row["fold"] for row in read_rows(records / "folds.csv")}
    assert [row["name"] for row in rows] == sorted(n for n, fold in folds.items() if fold == "1")
    for row in rows:
        assert float(row["score"]) == pytest.approx(1 / (1 + np.exp(-float(row["logit"]))))


def test_stamps_and_sets_are_written_down(run):
    chosen = read_json(run / "metrics.json")
    scored = read_json(run / "evaluation/validation/metrics.json")
    assert (chosen["selected_on"], chosen["stamps"]) == ("train fold 1", ["optimistic"])
    assert (scored["selected_on"], scored["stamps"]) == ("train fold 1", [])
    assert scored["split"] == "validation" and scored["num_images"] == 15
    rows = read_rows(run / "evaluation/validation/predictions.csv")
    assert scored["num_patients"] == len({row["patient"] for row in rows})


def test_every_figure_has_an_interval_or_none_with_the_number_of_groups(run):
    chosen = read_json(run / "metrics.json")
    scored = read_json(run / "evaluation/validation/metrics.json")
    for report in (chosen, scored):
        fewest = min(report["num_groups_all"], report["num_groups_hem"])
        for key in (*DIRECTIONS, *OF_THE_SCORE):
            bounds = report[f"{key}_low"], report[f"{key}_high"]
            assert (bounds == (None, None)) == (fewest < LEAST_GROUPS)
    assert "calibration_slope_low" in chosen and "calibration_intercept" in scored
    assert chosen["num_images_all"] + chosen["num_images_hem"] == chosen["num_images"]


def test_calibration_is_fitted_on_the_selection_fold_and_applied_everywhere(run):
    calibration = read_calibration(run)
    chosen = read_predictions(run / "predictions.csv")
    again = fit_calibration(chosen, fitted_on="train fold 1")  # In another order of the cells.
    assert asdict(calibration) == pytest.approx(asdict(again))
    for folder in (run, run / "evaluation/validation"):
        predictions = read_predictions(folder / "predictions.csv")
        assert np.array_equal(
            calibration.apply(predictions).calibrated_scores, predictions.calibrated_scores
        )
        report = read_json(folder / "metrics.json")
        assert report["threshold"] == calibration.threshold
        assert report["threshold_rule"] == "max kappa"


def test_every_figure_follows_from_the_predictions_on_file(run):
    whole, held_out = verify(run)[0], verify(run / "evaluation/validation")[0]
    assert whole.drift == held_out.drift == []
    assert whole.num_figures > 50 and held_out.num_images == 15


def test_scoring_a_set_refits_nothing(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    write_calibration(copy, replace(read_calibration(run), temperature=7.0, threshold=0.9))
    with pytest.raises(RunError, match=r"calibration\.json: changed since it was written"):
        evaluate_run(copy, EvaluationSet("validation"))
    write_checksums(copy)
    _, report = evaluate_run(copy, EvaluationSet("validation"))
    assert report["threshold"] == 0.9 and read_calibration(copy).temperature == 7.0
    logits, scores = (
        [float(row[column]) for row in read_rows(copy / "evaluation/validation/predictions.csv")]
        for column in ("logit", "calibrated_score")
    )
    bias = read_calibration(copy).bias
    assert scores == pytest.approx(1 / (1 + np.exp(-(np.array(logits) / 7 + bias))))
    (copy / "calibration.json").unlink()
    with pytest.raises(RunError, match=r"calibration\.json: missing"):
        evaluate_run(copy, EvaluationSet("validation"))


def test_one_evaluation_resamples_and_groups_its_patients_once(run, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    calls = count_calls(monkeypatch)
    evaluate_run(copy, EvaluationSet("validation"))
    assert sorted(calls) == ["bootstrap_weights", "patient_groups"]


def test_config_gives_back_the_experiment(run):
    experiment, facts = read_config(run)
    assert experiment == EXPERIMENT
    assert np.average(facts["class_weights"]) >= 1


def test_weights_on_disk_give_the_predictions(copied, records):
    before = (copied / "evaluation/validation/predictions.csv").read_text()
    _, report = evaluate_run(copied, EvaluationSet("validation"))
    after = (copied / "evaluation/validation/predictions.csv").read_text()
    assert after == before
    assert report == read_json(copied / "evaluation/validation/metrics.json")


def test_unpublished_phase_gives_predictions_and_the_challenges_zip(copied, records):
    _, report = evaluate_run(copied, EvaluationSet("test", records=records))
    folder = copied / "evaluation/test"
    rows = read_rows(folder / "predictions.csv")
    assert "f1" not in report and report["num_images"] == len(rows) == 20
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        assert archive.namelist() == ["isbi_valid.predict"]
        lines = archive.read("isbi_valid.predict").decode().splitlines()
    numeric = sorted(rows, key=lambda row: int(row["name"].split("/")[1].split(".")[0]))
    threshold = report["threshold"]
    assert lines == [str(int(float(row["calibrated_score"]) >= threshold)) for row in numeric]
    assert not (folder / "per_patient.csv").exists()
    assert [row["name"] for row in numeric] != [row["name"] for row in rows]


def test_training_images_can_be_scored_and_are_stamped(copied):
    _, report = evaluate_run(copied, EvaluationSet("train", 0))
    assert report["stamps"] == ["resubstitution"]
    assert (copied / "evaluation/train-fold-0/metrics.json").is_file()


def test_fold_of_a_split_without_folds_is_refused(run):
    with pytest.raises(SplitError, match="Only train has folds"):
        evaluate_run(run, EvaluationSet("validation", 0))


def test_training_images_under_other_folds_are_not_scored(copied, records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "copy")
    refold(copy, folds=2)
    with pytest.raises(RunError, match="other folds than the run was trained on"):
        evaluate_run(copied, EvaluationSet("train", 1, copy))
    assert evaluate_run(copied, EvaluationSet("validation", records=copy))[1]["stamps"] == []


def test_study_protocol_stamps_its_figures_optimistic(records, tmp_path):
    run = tmp_path / "study"
    (report,) = train(replace(EXPERIMENT, protocol="study", epochs=1), records, run)
    assert (report["selected_on"], report["stamps"]) == ("validation", ["optimistic"])
    assert not (run / "evaluation").exists()


def test_no_run_overwrites_another(run, records):
    with pytest.raises(RunError, match="Name another --run-dir"):
        train(EXPERIMENT, records, run)


def test_failure_at_the_door_writes_nothing(records, tmp_path):
    with pytest.raises(SplitError):
        train(replace(EXPERIMENT, fold=9), records, tmp_path / "run")
    with pytest.raises(ValueError, match="No such file of weights"):
        train(replace(EXPERIMENT, weights="no.weights.h5"), records, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_changed_weights_are_not_loaded(run, tmp_path):
    for name in ("config.json", "metrics.json", "best.weights.h5"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    assert load_run(tmp_path).model.name == "base_cnn"
    data = bytearray((tmp_path / "best.weights.h5").read_bytes())
    data[-100] ^= 1
    (tmp_path / "best.weights.h5").write_bytes(data)
    with pytest.raises(RunError, match="not the file that the run ended with"):
        load_run(tmp_path)


def test_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="No run in"):
        evaluate_run(tmp_path, EvaluationSet("test"))


def test_minimum_is_best_where_the_monitor_falls(records, tmp_path):
    experiment = replace(EXPERIMENT, monitor="val_loss", learning_rate=1.0)
    (report, _) = train(experiment, records, tmp_path / "run")
    losses = [float(row["val_loss"]) for row in read_rows(tmp_path / "run/history.csv")]
    assert report["best_epoch"] == np.argmin(losses) + 1
