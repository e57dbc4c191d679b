"""A network for each fold: which are trained, what they say together, that nothing is missed."""

import json
import os
import runpy
import shutil
import signal
import sys
import threading
import time
from dataclasses import asdict, replace
from statistics import median_low

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from all_tf.config.engine import Engine
from all_tf.launch import cross_validate as module
from all_tf.launch import run_queue
from all_tf.launch.cross_validate import begin, cross_validate
from all_tf.launch.study_plan import StudyError
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.cross_validation import read_cross_validation
from all_tf.runs.folder import RunError, read_metrics, write_json
from all_tf.runs.out_of_fold import write_out_of_fold
from all_tf.runs.prediction_files import read_predictions, write_predictions
from all_tf.runs.verification import verify
from all_tf.training import train
from all_tf.training.start import Start
from tests.conftest import ROOT, read_rows
from tests.stubs.fold import EXPERIMENT, file_run, predict_fold
from tfrecords.packing.folding import refold

OPTIONS = ("--arch", "base_cnn", "--fold", "all")


@pytest.fixture
def folder(records, tmp_path, monkeypatch):
    """A cross-validation that has begun, whose folds the stub trains."""
    stub = [sys.executable, str(ROOT / "tests/stubs/fold.py")]
    monkeypatch.setattr(run_queue, "process_command", lambda name: stub)
    begin(tmp_path / "cv", EXPERIMENT, records=records, options=OPTIONS)
    return tmp_path / "cv"


@pytest.fixture(scope="module")
def finished(records, tmp_path_factory):
    """Runs of all folds, what was predicted of each, and the report over them."""
    folder = tmp_path_factory.mktemp("runs") / "cv"
    begin(folder, EXPERIMENT, records=records, options=())
    runs = {fold: folder / f"fold-{fold}" for fold in range(3)}
    for fold, run in runs.items():
        file_run(run, records, fold)
    return folder, write_out_of_fold(folder, runs)


def calls(folder) -> list[list[str]]:
    return [line.split() for line in (folder.parent / "calls.txt").read_text().splitlines()]


def test_folds_are_held_out_in_turn_and_one_that_fails_does_not_hide_the_rest(folder, records):
    (folder.parent / "fail-fold-1").touch()
    with pytest.raises(RunError, match=r"1 of 3 folds failed.*--resume .*cv\n  fold-1: no memory"):
        cross_validate(folder)
    assert [words[:4] for words in calls(folder)] == [list(OPTIONS)] * 3
    for fold, words in enumerate(calls(folder)):
        options = dict(zip(words[4::2], words[5::2], strict=True))  # The later ones count.
        assert options == {
            "--fold": str(fold),
            "--records": str(records.resolve()),
            "--run-dir": str(folder / f"fold-{fold}"),
        }
    assert not (folder / "out-of-fold").exists()
    (folder.parent / "fail-fold-1").unlink()
    report = cross_validate(folder)
    assert [words[-1][-6:] for words in calls(folder)[3:]] == ["fold-1"]
    assert report == json.loads((folder / "out-of-fold/metrics.json").read_text())


def test_interruption_ends_the_fold_that_is_trained(folder):
    (folder.parent / "hang-fold-1").touch()

    def stop(number, frame):
        raise KeyboardInterrupt(number)

    def interrupt():
        while not (folder.parent / "calls.txt").exists() or len(calls(folder)) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, stop)
    thread = threading.Thread(target=interrupt)
    thread.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        cross_validate(folder)
    thread.join()
    for each, handler in handlers.items():
        signal.signal(each, handler)
    assert time.monotonic() - began < 55  # The fold would sleep for 60 s.
    (folder.parent / "hang-fold-1").unlink()
    cross_validate(folder)
    assert [words[-1][-6:] for words in calls(folder)] == ["fold-0", "fold-1", "fold-1", "fold-2"]


def test_same_command_goes_on_and_another_one_is_refused(folder, records):
    before = read_cross_validation(folder)
    again = (*OPTIONS, "--jit", "auto", "--tensorboard", "scalars")  # The defaults.
    assert begin(folder, EXPERIMENT, records=records, options=again) == before
    with pytest.raises(RunError, match="with other settings: seed 0, asked for 3. Name another"):
        begin(folder, replace(EXPERIMENT, seed=3), records=records, options=OPTIONS)
    (folder.parent / "taken").mkdir()
    (folder.parent / "taken/thesis.txt").touch()
    with pytest.raises(RunError, match="no run overwrites another"):
        begin(folder.parent / "taken", EXPERIMENT, records=records, options=())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--deterministic"], "deterministic False, asked for True"),
        (["--jit=off", "--devices=2"], "jit 'auto', asked for 'off'; devices 1, asked for 2"),
        (["--steps-per-execution", "4"], "steps_per_execution 1, asked for 4"),
        (["--tensorboard", "full"], "tensorboard 'scalars', asked for 'full'"),
    ],
)
def test_engine_that_the_other_folds_have_not_is_refused(words, said, folder, records, tmp_path):
    with pytest.raises(RunError, match=f"with other settings: {said}. Name another --run-dir"):
        begin(folder, EXPERIMENT, records=records, options=[*OPTIONS, *words])
    new = tmp_path / "new"
    there = begin(new, EXPERIMENT, records=records, options=[*OPTIONS, *words])
    assert begin(new, EXPERIMENT, records=records, options=[*OPTIONS, *words]) == there
    with pytest.raises(RunError, match="with other settings: [a-z_]+ .*, asked for"):
        begin(new, EXPERIMENT, records=records, options=OPTIONS)


def test_engine_of_the_run_that_gives_the_settings_counts(folder, records, tmp_path, capsys):
    settings = {"experiment": asdict(EXPERIMENT), "engine": asdict(Engine(deterministic=True))}
    write_json(tmp_path / "config.json", settings | {"tensorboard": "full"})
    options = ["--config", str(tmp_path / "config.json"), "--fold", "all"]
    with pytest.raises(RunError, match="deterministic False, .* True; tensorboard .* 'full'"):
        begin(folder, EXPERIMENT, records=records, options=options)
    options += ["--no-deterministic", "--tensorboard", "scalars"]
    assert begin(folder, EXPERIMENT, records=records, options=options).options == OPTIONS
    assert not capsys.readouterr().out


def test_other_folds_than_it_began_with_are_refused(folder, records):
    copy = shutil.copytree(records, folder.parent / "copy")
    assert begin(folder, EXPERIMENT, records=copy, options=OPTIONS).records == copy
    assert read_cross_validation(folder, records=copy).records == copy
    (copy / "folds.csv").write_text((copy / "folds.csv").read_text().replace(",0\n", ",1\n", 1))
    with pytest.raises(RunError, match="other images or other folds"):
        cross_validate(folder, records=copy)
    refold(copy, folds=2)
    with pytest.raises(RunError, match="other images or other folds"):
        begin(folder, EXPERIMENT, records=copy, options=OPTIONS)


def test_fold_finished_with_other_settings_is_not_taken_for_one_of_these(folder, records):
    file_run(folder / "fold-2", records, 1)
    with pytest.raises(StudyError, match="finished with fold 1, asked for 2"):
        cross_validate(folder)


def test_protocol_without_a_held_out_fold_is_refused(records, tmp_path):
    study = replace(EXPERIMENT, protocol="study")
    with pytest.raises(RunError, match="Only --protocol honest holds folds out"):
        begin(tmp_path / "cv", study, records=records, options=())
    assert list(tmp_path.iterdir()) == []


def test_folder_without_a_cross_validation_says_how_to_make_one(tmp_path):
    with pytest.raises(RunError, match="--fold all"):
        read_cross_validation(tmp_path)
    (tmp_path / "cross-validation.json").write_text('{"experiment": {}}')
    with pytest.raises(RunError, match="is damaged or from another version"):
        read_cross_validation(tmp_path)


def test_every_training_image_has_the_logit_of_the_network_that_has_not_met_it(finished, records):
    folder, report = finished
    rows = read_rows(folder / "out-of-fold/predictions.csv")
    fold_of_name = {r["name"]: r["fold"] for r in read_rows(records / "folds.csv")}
    assert {row["name"]: row["fold"] for row in rows} == fold_of_name
    assert len(rows) == len(fold_of_name) == report["num_images"]
    logits = {}
    for fold in range(3):
        part = predict_fold(records, fold)
        logits |= dict(zip(part.names, part.logits, strict=True))
    assert {row["name"]: float(row["logit"]) for row in rows} == logits


def test_figures_over_all_folds_are_of_one_calibration_and_equal_scikit_learn(finished):
    folder, report = finished
    rows = read_rows(folder / "out-of-fold/predictions.csv")
    labels, logits, scores, folds = (
        np.array([float(row[key]) for row in rows])
        for key in ("label", "logit", "calibrated_score", "fold")
    )
    assert report["auc"] == pytest.approx(roc_auc_score(labels, logits))
    each = [roc_auc_score(labels[folds == f], logits[folds == f]) for f in range(3)]
    assert report["auc_mean_of_folds"] == pytest.approx(np.mean(each))
    assert report["kappa"] == pytest.approx(
        cohen_kappa_score(labels, scores >= report["threshold"])
    )
    fitted = read_calibration(folder / "out-of-fold")
    assert (fitted.threshold, fitted.num_images) == (report["threshold"], len(rows))
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-logits / fitted.temperature - fitted.bias)))
    per_fold = read_rows(folder / "out-of-fold/per_fold.csv")
    assert [float(row["auc"]) for row in per_fold] == pytest.approx(each)


def test_report_says_how_far_it_can_be_believed(finished):
    folder, report = finished
    assert report["stamps"] == ["optimistic"] and "chosen on the fold" in report["note"]
    assert report["best_epochs"] == [1, 2, 3]
    assert report["best_epoch"] == median_low([1, 2, 3])
    patients = read_rows(folder / "out-of-fold/per_patient.csv")
    assert {row["fold"] for row in patients} == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auc_mean_of_folds", 0.999),
        ("best_epoch", 3),
        ("best_epochs", [1, 2, 2]),
        ("selected_on", "validation"),
        ("calibrated_on", "other cells"),
        ("note", "Not optimistic at all."),
    ],
)
def test_statement_that_the_folds_do_not_give_is_found(key, value, finished, tmp_path):
    shutil.copytree(finished[0], copy := tmp_path / "cv")
    report = read_metrics(copy / "out-of-fold")
    write_json(copy / "out-of-fold/metrics.json", report | {key: value})
    write_checksums(copy / "out-of-fold")
    drift = [line for each in verify(copy / "out-of-fold") for line in each.drift]
    assert f"{key}: metrics.json has {value!r}, the folds have {report[key]!r}" in drift


def test_table_of_folds_is_derived_again(finished, tmp_path):
    shutil.copytree(finished[0], copy := tmp_path / "cv")
    path = copy / "out-of-fold/per_fold.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, rows[0].replace("0,", "7,", 1), *rows[1:], ""]))
    write_checksums(path.parent)
    (found,) = verify(path.parent)
    assert "per_fold.csv, line 2: fold 7, the predictions give 0" in found.drift


def test_calibrations_of_the_folds_would_flatter_the_figure_over_all(tmp_path):
    """Why they are not used: networks that know nothing, on folds of unequal shares of ALL."""
    rng = np.random.default_rng(0)
    folds = np.repeat([0, 1], 400)
    labels = (rng.random(800) < np.where(folds == 0, 0.2, 0.8)).astype(np.int64)
    logits = rng.normal(size=800)
    own = np.where(folds == 0, 0.2, 0.8) + 1e-3 * logits  # What each fold's bias would make of it.
    assert roc_auc_score(labels, own) > 0.75
    assert roc_auc_score(labels, logits) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("damage", ["twice", "missing"])
def test_gap_or_overlap_between_the_folds_is_refused(damage, records, tmp_path):
    runs = {fold: tmp_path / f"fold-{fold}" for fold in range(3)}
    for fold, run in runs.items():
        file_run(run, records, fold)
    path = runs[1] / "predictions.csv"
    part: Predictions = read_predictions(path)
    other = read_predictions(runs[0] / "predictions.csv")
    both = {key: np.append(held, vars(other)[key][:1]) for key, held in vars(part).items()}
    kept = np.arange(1, len(part.names))
    write_predictions(path, part.take(kept) if damage == "missing" else Predictions(**both))
    expected = {"missing": "1 of 8[0-9] images were predicted by no fold", "twice": "by two folds"}
    with pytest.raises(RunError, match=expected[damage]):
        write_out_of_fold(tmp_path, runs)


@pytest.fixture
def type_train(monkeypatch, capsys):
    """Run scripts/train.py in this process: what it prints."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def typed(*arguments) -> str:
        monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
        runpy.run_path(str(ROOT / "scripts/train.py"), run_name="__main__")
        return capsys.readouterr().out

    yield typed
    for each, handler in handlers.items():
        signal.signal(each, handler)


def test_command_writes_down_what_was_typed_and_goes_on_by_the_folder_alone(
    finished, type_train, records, tmp_path, monkeypatch
):
    asked = []

    def instead(folder, **how):
        asked.append((folder, how))
        return finished[1]

    monkeypatch.setattr(module, "cross_validate", instead)
    options = ("--arch", "base_cnn", "--epochs", 3, "--seed", 5, "--weights", "none")
    options += ("--fold", "all", "--records", records, "--run-dir", tmp_path / "cv")
    out = type_train(*options)
    assert "each chosen on its own fold [optimistic]" in out and "Optimistic: each network" in out
    there = read_cross_validation(tmp_path / "cv")
    assert there.options == tuple(map(str, options)) and there.folds == (0, 1, 2)
    assert (there.experiment.epochs, there.experiment.seed) == (3, 5)
    type_train("--resume", tmp_path / "cv", "--trust-records")
    assert [folder for folder, _ in asked] == [tmp_path / "cv"] * 2
    assert [how["trusted"] for _, how in asked] == [False, True]


def test_refit_trains_what_was_planned_with_the_seed_that_was_typed(
    finished, type_train, records, tmp_path, monkeypatch
):
    bounded = replace(EXPERIMENT, max_minutes=5.0, score_held_out=False)
    begin(tmp_path / "cv", bounded, records=records, options=())
    shutil.copytree(finished[0] / "out-of-fold", tmp_path / "cv/out-of-fold")
    asked = []

    def instead(*arguments, **how):
        asked.append((arguments, how))
        return [finished[1]]

    monkeypatch.setattr(train, "train", instead)
    type_train("--refit", tmp_path / "cv", "--seed", 7, "--run-dir", tmp_path / "run")
    ((experiment, where, run), how) = asked[0]
    assert experiment == replace(EXPERIMENT, fold=None, last_epoch=2, seed=7)
    assert (where, run) == (records.resolve(), tmp_path / "run")
    assert how["start"] == Start(read_calibration(tmp_path / "cv/out-of-fold"))
