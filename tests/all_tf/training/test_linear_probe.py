"""A linear probe is what training with a frozen backbone is, but for the time it takes."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.run_weights import load_run
from all_tf.launch.asked import ask
from all_tf.launch.options import parse_options
from all_tf.launch.replaced_settings import choose_experiment
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.folder import EvaluationSet
from all_tf.runs.verification import verify
from all_tf.system.checks import ConfigError
from all_tf.training.devices import device_scope
from all_tf.training.start import Start
from all_tf.training.train import resume, train
from builders.registry import build_model
from tests.all_tf.training.test_train import EXPERIMENT, by_scikit_learn, predicted, read_json
from tests.conftest import read_rows
from tests.integration.test_resume import CutOff, cut_off
from tests.interruptions import essence

PROBE = replace(
    EXPERIMENT,
    epochs=3,
    freeze_epochs=3,
    augment=(),
    imbalance="oversample",
    image_size=32,
    crop=300,
    dropout=0.3,
    ema=0.9,
    weight_decay=0.01,
    monitor="val_loss",
)


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "probe"
    train(PROBE, records, folder)
    return folder


def columns(run) -> dict[str, list[float]]:
    rows = read_rows(run / "history.csv")
    times = ("seconds", "images_per_second")
    return {key: [float(row[key]) for row in rows] for key in rows[0] if key not in times}


def test_history_is_that_of_a_training_that_sees_the_images(records, tmp_path, monkeypatch):
    experiment = replace(PROBE, dropout=0.0)  # The one thing that draws other random numbers.
    train(experiment, records, tmp_path / "probe")
    monkeypatch.setattr(Experiment, "is_linear_probe", False)
    train(experiment, records, tmp_path / "slow")
    quick, slow = columns(tmp_path / "probe"), columns(tmp_path / "slow")
    assert quick.keys() == slow.keys()
    for key, values in slow.items():
        assert quick[key] == pytest.approx(values, abs=1e-4), key


@pytest.mark.parametrize("epochs", (PROBE.epochs - 1, PROBE.epochs + 2))
def test_settings_of_a_probe_are_those_of_a_probe_of_any_length(epochs, run, monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py", "--config", str(run), "--epochs", str(epochs)])
    asked = ask(parse_options("Train."))
    assert asked.experiment == replace(PROBE, epochs=epochs, freeze_epochs=epochs)
    assert asked.begun == (run if epochs > PROBE.epochs else None)  # It goes on.


def test_probe_that_goes_on_ends_as_a_longer_one(run, records, tmp_path):
    long = replace(PROBE, epochs=PROBE.epochs + 2, freeze_epochs=PROBE.epochs + 2)
    train(long, records, tmp_path / "on", start=Start(begun=run))
    assert load_run(tmp_path / "on").experiment == long
    assert len(read_rows(tmp_path / "on/history.csv")) == long.epochs


def test_backbone_stays_as_it_was_and_the_head_learns(run):
    keras.utils.set_random_seed(PROBE.seed)
    first = build_model(PROBE.arch, image_size=32, weights="none", dropout=0.3)
    for before, after in zip(first.weights, load_run(run).model.weights, strict=True):
        same = np.array_equal(before, after)
        assert same != (before.path.startswith("logit")), before.path


def test_kept_weights_give_the_figures_that_chose_them(run):
    report = read_json(run / "metrics.json")
    best = read_rows(run / "history.csv")[report["best_epoch"] - 1]
    raw = by_scikit_learn(*predicted(run / "predictions.csv", "score"), threshold=0.5)
    for key, value in raw.items():
        assert float(best[f"val_{key}"]) == pytest.approx(value, abs=1e-6)
    assert float(best["val_loss"]) == pytest.approx(report["loss"], abs=1e-5)


def test_run_is_verified_and_evaluated_as_any_other(run):
    assert not any(checked.drift for checked in verify(run))
    assert evaluate_run(run, EvaluationSet("validation"))[1] == read_json(
        run / "evaluation/validation/metrics.json"
    )


def test_resumed_probe_ends_as_if_nothing_had_happened(run, records, tmp_path, monkeypatch):
    other = tmp_path / "other"
    with monkeypatch.context() as context:
        cut_off(context, epoch=2, kept=True)
        with pytest.raises(CutOff):
            train(PROBE, records, other)
    resume(other)
    assert essence(other) == essence(run)


def test_refit_without_a_fold_keeps_the_last_epoch(run, records, tmp_path, capsys):
    again = tmp_path / "again"
    train(replace(PROBE, fold=None), records, again, start=Start(read_calibration(run)))
    said = capsys.readouterr().out
    assert "frozen       the backbone, in all epochs; its features are computed once" in said
    assert "33 of them trainable" in said
    assert read_json(again / "metrics.json")["best_epoch"] == 3
    assert not any(checked.drift for checked in verify(again))


def test_all_means_as_many_epochs_as_there_are():
    row = Experiment("base_cnn", weights="none")
    assert choose_experiment(row, {"freeze_epochs": "all"}).freeze_epochs == 10
    chosen = choose_experiment(row, {"freeze_epochs": "all", "epochs": 25})
    assert chosen.freeze_epochs == 25 and chosen.is_linear_probe and chosen.frozen_first == 0
    assert choose_experiment(row, {"freeze_epochs": 3}).frozen_first == 3


def test_augmentation_and_several_devices_are_refused():
    with pytest.raises(ConfigError, match="Pass --augment none.*augment=hflip, freeze_epochs=3"):
        replace(PROBE, augment=("hflip",))
    with (
        pytest.raises(ConfigError, match="One device is enough for a linear probe"),
        device_scope(PROBE, Engine(devices=2)),
    ):
        pass
