"""A network that learns from all folds: nothing is chosen on anything, and nobody is told else."""

import json
from dataclasses import replace

import pytest

from all_tf.config.experiment import Experiment
from all_tf.data.splits import load_data
from all_tf.launch.cross_validate import begin, plan_refit
from all_tf.metrics.calibration import Calibration
from all_tf.reports.html_report.prose import stamps_in_words
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.folder import RunError, is_finished
from all_tf.runs.out_of_fold import write_out_of_fold
from all_tf.runs.stamps import selected_on, stamps
from all_tf.runs.verification import verify
from all_tf.training.checkpoint import newest_state, read_state
from all_tf.training.start import Start
from all_tf.training.train import resume, train
from tests.conftest import read_rows
from tests.stubs.fold import EXPERIMENT, file_run

REFIT = Experiment(
    "cellnet",
    image_size=32,
    batch_size=32,
    epochs=4,
    last_epoch=2,
    augment=("hflip",),
    weights="none",
    schedule="cosine",
    ema=0.9,
    fold=None,
)
SWEPT = {"trials": 24, "trial": "trial-0007", "metric": "kappa"}
CALIBRATION = Calibration(threshold=0.4, temperature=2.0, bias=0.1, fitted_on="elsewhere")


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "refit"
    train(REFIT, records, path, start=Start(CALIBRATION, sweep=SWEPT))
    return path


def read_json(path):
    return json.loads(path.read_text())


def test_plan_is_the_experiment_of_the_folds_until_the_epoch_they_chose(records, tmp_path):
    folder = tmp_path / "cv"
    of_trial = replace(EXPERIMENT, patience=2, max_minutes=5.0, score_held_out=False)
    begin(folder, of_trial, records=records, options=())
    with pytest.raises(RunError, match="has no metrics.json"):
        plan_refit(folder)
    for fold in range(3):
        file_run(folder / f"fold-{fold}", records, fold)
    write_out_of_fold(folder, {fold: folder / f"fold-{fold}" for fold in range(3)})
    experiment, calibration = plan_refit(folder)
    assert experiment == replace(EXPERIMENT, fold=None, last_epoch=2)
    assert calibration == read_calibration(folder / "out-of-fold")
    for name in ("calibration.json", "metrics.json"):
        kept = (folder / "out-of-fold" / name).read_text()
        (folder / "out-of-fold" / name).write_text(kept + " ")
        with pytest.raises(RunError, match=f"{name}: changed since it was written"):
            plan_refit(folder)
        (folder / "out-of-fold" / name).write_text(kept)


def test_all_folds_are_learnt_from_but_for_duplicates(records):
    data = load_data(REFIT, records)
    assert set(data.fit.folds) == {0, 1, 2} and set(data.fit.duplicate_of) == {""}
    assert len(data.held_out) == 15
    assert load_data(replace(REFIT, score_held_out=False), records).held_out is None


def test_training_ends_at_the_epoch_given_in_the_midst_of_the_schedule(run):
    history = read_rows(run / "history.csv")
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert not any(key.startswith("val_") for key in history[0])
    # A cosine over four epochs is at half its height after two, one over two at 0.
    assert float(history[-1]["learning_rate"]) == pytest.approx(REFIT.learning_rate / 2, rel=0.1)


def test_weights_of_the_last_epoch_are_kept_averaged_and_calibrated_from_elsewhere(run):
    progress, _ = read_state(newest_state(run))
    assert (progress.best_epoch, progress.ended) == (2, True)
    assert read_calibration(run) == CALIBRATION
    for folder in (run, run / "evaluation/validation"):
        report = read_json(folder / "metrics.json")
        assert (report["best_epoch"], report["threshold"]) == (2, 0.4)
        assert report["calibrated_on"] == "elsewhere"


def test_figures_are_stamped_by_what_was_learnt_and_by_the_number_of_trials(run):
    learnt = read_json(run / "metrics.json")
    scored = read_json(run / "evaluation/validation/metrics.json")
    swept = "chosen among 24 trials"
    assert (learnt["split"], learnt["stamps"]) == ("train", ["resubstitution", swept])
    assert (scored["split"], scored["stamps"]) == ("validation", [swept])
    assert "A sweep tried so many settings" in dict(stamps_in_words([scored]))[swept]
    assert not [line for checked in verify(run) for line in checked.drift]
    assert learnt["selected_on"] == selected_on(REFIT) == "the folds of its cross-validation"
    assert stamps(REFIT, "train", 1, folds="grouped") == ["resubstitution"]


def test_averages_are_in_the_weights_that_are_scored(run, records, tmp_path):
    """Validated epochs swap them in; without validation that must happen all the same."""
    other = tmp_path / "raw"
    train(replace(REFIT, ema=0.0), records, other, start=Start(CALIBRATION))
    assert read_json(other / "metrics.json")["log_loss"] != pytest.approx(
        read_json(run / "metrics.json")["log_loss"], rel=1e-6
    )


def test_calibration_comes_from_one_place_only(records, tmp_path):
    for experiment, calibration in ((REFIT, None), (replace(REFIT, fold=0), CALIBRATION)):
        with pytest.raises(RunError, match="or from elsewhere where none is"):
            train(experiment, records, tmp_path / "run", start=Start(calibration))
    assert not (tmp_path / "run").exists()


def test_interrupted_refit_ends_as_if_it_had_not_been(run, records, tmp_path, monkeypatch):
    from all_tf.training.callbacks import backup_and_restore

    save = backup_and_restore.save_state

    def save_and_stop(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(backup_and_restore, "save_state", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        unscored = replace(REFIT, score_held_out=False)
        train(unscored, records, tmp_path / "cut", start=Start(CALIBRATION))
    monkeypatch.undo()
    resume(tmp_path / "cut")
    assert not (tmp_path / "cut/evaluation").exists() and is_finished(tmp_path / "cut", records)
    assert not [line for checked in verify(tmp_path / "cut") for line in checked.drift]
    assert read_calibration(tmp_path / "cut") == CALIBRATION
    figures = [read_json(each / "metrics.json") for each in (run, tmp_path / "cut")]
    assert figures[0]["log_loss"] == pytest.approx(figures[1]["log_loss"], rel=1e-3)
