"""A run that was cut off goes on to the same end, or ends in an error that says why not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from all_tf.runs.folder import RunError, read_status, write_status
from all_tf.runs.ownership import own_run
from all_tf.runs.verification import verify
from all_tf.training.callbacks import backup_and_restore
from all_tf.training.callbacks.backup_and_restore import BackupState, restore_state
from all_tf.training.callbacks.best_weights import BestWeights
from all_tf.training.callbacks.epoch_log import CSVHistory
from all_tf.training.checkpoint import newest_state
from all_tf.training.train import resume, train
from builders.classifier import build_classifier
from builders.hdf5_weights import WeightsError
from builders.losses import WeightedBinaryCrossentropy
from builders.optimizers import build_optimizer
from builders.registry import build_model
from tests.all_tf.training.test_train import EXPERIMENT
from tests.conftest import read_rows
from tests.interruptions import essence, steps_of
from tests.untrained import write_run
from tfrecords.packing.folding import refold

TUNED = replace(
    EXPERIMENT,
    image_size=32,
    epochs=4,
    augment=("hflip", "random_crop"),
    imbalance="oversample",
    dropout=0.3,
    ema=0.9,
    freeze_epochs=1,
    schedule="cosine",
    monitor="val_loss",
)


class CutOff(BaseException):
    """Ends a process in the middle of a test, like SIGKILL: nobody catches it."""


def cut_off(monkeypatch, *, epoch: int, kept: bool):
    """Die when the state after an epoch is saved: just before, or just after."""

    def save(run, progress, arrays):
        if progress.epoch < epoch or kept:
            save_state(run, progress, arrays)
        if progress.epoch == epoch:
            raise CutOff

    save_state = backup_and_restore.save_state
    monkeypatch.setattr(backup_and_restore, "save_state", save)


@pytest.fixture(scope="module")
def whole(records, tmp_path_factory):
    """A run that nothing has cut off."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    train(TUNED, records, run, tensorboard="full")
    return run


@pytest.fixture(scope="module")
def begun(records, tmp_path_factory):
    """A run that was cut off when its second epoch was noted everywhere but in the state."""
    run = tmp_path_factory.mktemp("runs") / "begun"
    with pytest.MonkeyPatch.context() as monkeypatch:
        cut_off(monkeypatch, epoch=2, kept=False)
        with pytest.raises(CutOff):
            train(TUNED, records, run, tensorboard="full")
    return run


@pytest.fixture
def interrupted(begun, tmp_path):
    return shutil.copytree(begun, tmp_path / "run")


def test_resumed_run_ends_as_if_nothing_had_happened(whole, interrupted, capsys):
    assert len(read_rows(interrupted / "history.csv")) == 2
    assert steps_of(interrupted, "train") == [1, 2]
    resume(interrupted)
    assert f"resuming after {interrupted}/state/epoch-0001" in capsys.readouterr().out
    assert essence(interrupted) == essence(whole)
    assert steps_of(interrupted, "selection") == [1, 2, 3, 4]
    assert (interrupted / "environment-after-epoch-1.json").is_file()


def test_best_of_an_epoch_that_does_not_count_is_forgotten(interrupted, monkeypatch):
    first = (interrupted / "state/epoch-0001/best.weights.h5").read_bytes()
    assert (interrupted / "best.weights.h5").read_bytes() != first
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **kwargs: None)
    resume(interrupted)
    assert (interrupted / "best.weights.h5").read_bytes() == first
    assert len(read_rows(interrupted / "history.csv")) == 1
    assert steps_of(interrupted, "train") == [1]


def test_run_that_was_cut_off_after_its_last_epoch_is_only_scored(whole, tmp_path, monkeypatch):
    run = shutil.copytree(whole, tmp_path / "run")
    write_status(run, "running", epochs_done=4)
    for path in ("metrics.json", "predictions.csv", "evaluation/validation/predictions.csv"):
        (run / path).unlink()
    monkeypatch.setattr(keras.Model, "fit", None)
    resume(run)
    assert essence(run) == essence(whole)
    assert read_status(run)["state"] == "finished"


def test_run_without_a_state_begins_at_its_first_epoch(whole, interrupted, capsys):
    shutil.rmtree(interrupted / "state")
    resume(interrupted)
    assert "no epoch was completed" in capsys.readouterr().out
    assert essence(interrupted) == essence(whole)


def test_finished_run_is_not_resumed(whole):
    before = (whole / "status.json").read_text()
    with pytest.raises(RunError, match="is finished: there is nothing to resume"):
        resume(whole)
    assert (whole / "status.json").read_text() == before


def test_other_folds_or_records_are_refused(interrupted, records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "copy")
    refold(copy, folds=2)
    with pytest.raises(RunError, match="folds.csv is not the one that the run was started with"):
        resume(interrupted, records=copy)
    (copy / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match="manifest.json is not the one"):
        resume(interrupted, records=copy)


def test_changed_settings_are_refused(interrupted):
    config = json.loads((interrupted / "config.json").read_text())
    config["experiment"]["learning_rate"] = 0.5
    (interrupted / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="not what the run was started with"):
        resume(interrupted)


def test_run_in_use_is_refused(interrupted, records):
    with own_run(interrupted), pytest.raises(RunError, match="in use by another process"):
        resume(interrupted)


def test_new_run_waits_for_no_other_in_its_folder(records, tmp_path):
    with own_run(tmp_path), pytest.raises(RunError, match="in use by another process"):
        train(TUNED, records, tmp_path)


def test_state_of_another_model_is_refused(begun, tmp_path):
    model = build_model("base_cnn", image_size=32, weights="none")
    optimizer = build_optimizer("sgd", model, learning_rate=0.1)
    other = build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer=optimizer)
    best = BestWeights(tmp_path / "best.weights.h5", monitor="val_loss")
    history = CSVHistory(tmp_path / "history.csv")
    with pytest.raises(RunError, match="not a state of this model; the program has changed"):
        restore_state(other, tmp_path, newest_state(begun), best=best, history=history)


def test_every_epoch_leaves_the_last_two_states(whole, begun):
    assert {path.name for path in (whole / "state").iterdir()} == {"epoch-0003", "epoch-0004"}
    assert read_status(whole)["state"] == "finished" and read_status(whole)["epochs_done"] == 4
    assert read_status(begun)["state"] == "failed"


@pytest.fixture
def small(tmp_path):
    """A classifier whose optimizer scales the loss, and what keeps its state in `tmp_path`."""

    def build(**options):
        model = build_model("base_cnn", image_size=32, weights="none")
        optimizer = build_optimizer("adam", model, learning_rate=0.1)
        scaled = keras.optimizers.LossScaleOptimizer(optimizer, **options)
        return build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer=scaled)

    (tmp_path / "config.json").write_text("{}")
    best = BestWeights(tmp_path / "best.weights.h5", monitor="val_loss")
    return build, {"best": best, "history": CSVHistory(tmp_path / "history.csv")}


def keep(model, run, callbacks, *, stop: bool) -> None:
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)  # As the first step does it.
    callback = BackupState(run, **callbacks)
    callback.set_model(model)
    callback.set_params({"epochs": 9})
    model.stop_training = stop
    callback.on_epoch_end(0)


def test_scale_of_a_loss_in_half_precision_is_kept(small, tmp_path):
    build, callbacks = small
    first, second = build(initial_scale=8.0), build()
    keep(first, tmp_path, callbacks, stop=False)
    restore_state(second, tmp_path, newest_state(tmp_path), **callbacks)
    np.testing.assert_array_equal(second.optimizer.dynamic_scale, 8.0)


@pytest.mark.parametrize("stop", [True, False])
def test_patience_that_was_used_up_stays_so(small, tmp_path, stop):
    build, callbacks = small
    model = build()
    keep(model, tmp_path, callbacks, stop=stop)
    progress = restore_state(model, tmp_path, newest_state(tmp_path), **callbacks)
    assert (progress.epoch, progress.ended) == (1, stop)


def test_resume_needs_neither_the_initial_weights_nor_the_same_folder(
    records, tmp_path, monkeypatch
):
    start = write_run(tmp_path / "start", records) / "best.weights.h5"
    mine = tmp_path / "mine.weights.h5"
    shutil.copy(start, mine)
    experiment = replace(TUNED, epochs=3, weights=mine.name)
    monkeypatch.chdir(tmp_path)
    train(experiment, records, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(CutOff):
        cut_off(patch, epoch=2, kept=True)
        train(experiment, records, tmp_path / "begun")
    mine.unlink()
    (tmp_path / "begun").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    resume(Path())
    assert essence(tmp_path / "moved") == essence(tmp_path / "whole")


def test_beginning_anew_without_the_initial_weights_says_so(records, tmp_path, monkeypatch):
    start = write_run(tmp_path / "start", records) / "best.weights.h5"
    with monkeypatch.context() as patch, pytest.raises(CutOff):
        cut_off(patch, epoch=1, kept=False)
        train(replace(TUNED, weights=str(start)), records, tmp_path / "run")
    start.unlink()
    with pytest.raises(WeightsError, match="No such file of weights"):
        resume(tmp_path / "run")


def test_courtesies_that_fail_leave_the_run_finished(records, tmp_path, monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("all_tf.training.train.show_run", fail)
    monkeypatch.setattr("all_tf.training.fit.drop_events_after", fail)
    monkeypatch.setattr("all_tf.training.callbacks.epoch_charts.tf.summary.scalar", fail)
    train(replace(TUNED, epochs=2, freeze_epochs=0), records, tmp_path / "run")
    assert read_status(tmp_path / "run")["state"] == "finished"
    said = capsys.readouterr().err
    for what in ("What TensorBoard shows", "The removal of later epochs", "TensorBoard's chart"):
        assert f"warning: {what}" in said
    assert all(not checked.drift for checked in verify(tmp_path / "run"))
