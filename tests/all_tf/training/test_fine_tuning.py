"""Runs with every option of fine-tuning turned: each has its effect, every figure stays true."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.data.class_balance import STRATEGIES, Plan
from all_tf.data.splits import load_data
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.run_weights import load_run, read_config
from all_tf.runs.folder import EvaluationSet
from all_tf.runs.history_file import typical_speed
from all_tf.runs.verification import verify
from all_tf.training.callbacks.batch_norm import RefreshBatchNorm
from all_tf.training.fit import _typical_batches
from all_tf.training.prepare import build_for
from all_tf.training.train import train
from tests.all_tf.training.test_train import EXPERIMENT, by_scikit_learn, predicted, read_json
from tests.conftest import read_rows

TUNED = replace(
    EXPERIMENT,
    epochs=4,
    augment=("hflip",),
    loss="focal",
    label_smoothing=0.1,
    optimizer="adamw",
    weight_decay=0.01,
    schedule="cosine",
    warmup_epochs=1,
    freeze_epochs=1,
    layer_decay=0.5,
    dropout=0.2,
    ema=0.9,
    patience=3,
    monitor="val_loss",  # Falls until the end, so that the best epoch is no frozen one.
)
PLAIN = Experiment("base_cnn", image_size=32, weights="none")


@pytest.fixture(scope="module")
def runs(records, tmp_path_factory):
    """The same run with averaged weights and without."""
    folder = tmp_path_factory.mktemp("runs")
    train(TUNED, records, folder / "tuned")
    train(replace(TUNED, ema=0.0), records, folder / "raw")
    return folder


def column(run, name) -> list[float]:
    return [float(row[name]) for row in read_rows(run / "history.csv")]


def build(**options) -> keras.Model:
    return build_for(replace(PLAIN, **options), Plan(), Engine(), steps=5)


def test_kept_weights_give_the_figures_that_chose_them(runs):
    run = runs / "tuned"
    report = read_json(run / "metrics.json")
    best = read_rows(run / "history.csv")[report["best_epoch"] - 1]
    raw = by_scikit_learn(*predicted(run / "predictions.csv", "score"), threshold=0.5)
    for key, value in raw.items():
        assert float(best[f"val_{key}"]) == pytest.approx(value, abs=1e-6)
    assert float(best["val_loss"]) == pytest.approx(report["loss"], abs=1e-5)
    assert evaluate_run(run, EvaluationSet("validation"))[1] == read_json(
        run / "evaluation/validation/metrics.json"
    )


def test_reported_loss_is_the_runs_own(runs):
    run = runs / "tuned"
    labels, scores = predicted(run / "predictions.csv", "score")
    hem, disease = read_config(run)[1]["class_weights"]
    labels = 0.9 * labels + 0.05
    by_hand = -disease * labels * (1 - scores) ** 2 * np.log(scores)
    by_hand -= hem * (1 - labels) * scores**2 * np.log(1 - scores)
    assert read_json(run / "metrics.json")["loss"] == pytest.approx(by_hand.mean(), rel=1e-6)


def test_averages_change_what_is_validated_and_nothing_of_what_is_learnt(runs):
    tuned, raw = runs / "tuned", runs / "raw"
    for key in ("loss", "f1", "kappa"):
        assert column(tuned, key) == pytest.approx(column(raw, key), abs=1e-5)
    differences = np.abs(np.subtract(column(tuned, "val_loss"), column(raw, "val_loss")))
    assert differences.max() > 1e-4


def test_kept_statistics_of_batch_norm_are_those_of_the_kept_weights(runs, records):
    model, data = load_run(runs / "tuned").model, load_data(TUNED, records, trusted=True)
    assert read_json(runs / "tuned/metrics.json")["best_epoch"] > TUNED.freeze_epochs
    norm = model.get_layer("conv_bn")
    kept = keras.ops.convert_to_numpy(norm.moving_variance).copy()
    plan = STRATEGIES[TUNED.imbalance](data.fit.counts)
    refresh = RefreshBatchNorm(_typical_batches(data.fit, TUNED, plan))
    refresh.set_model(model)
    refresh.on_test_begin()
    # The kept ones are of the fused operation, whose sums round otherwise than Keras'.
    np.testing.assert_allclose(norm.moving_variance, kept, rtol=5e-4)


def test_learning_rate_rises_and_falls_to_0(runs):
    rates = column(runs / "tuned", "learning_rate")
    assert rates == pytest.approx([0.03, 0.0225, 0.0075, 0], abs=1e-7)


def test_speed_is_that_of_whole_epochs_but_their_first(runs):
    speeds = column(runs / "tuned", "images_per_second")
    assert read_json(runs / "tuned/metrics.json")["images_per_second"] == pytest.approx(
        np.median(speeds[2:])
    )


@pytest.mark.parametrize(
    ("speeds", "frozen", "expected"),
    [
        ([1, 20, 30, 80], 0, 30),
        ([99, 99, 1, 20, 30], 2, 25),
        ([99, 10], 1, 10),
        ([10], 0, 10),
        ([10], 1, 10),  # A training that ended within its frozen epochs.
        ([1, 20, 30], 5, 25),
        ([], 0, 0),
    ],
)
def test_speed_is_a_median_without_frozen_epochs_and_the_one_that_builds_the_graph(
    speeds, frozen, expected
):
    experiment = Experiment("vgg16", epochs=9, freeze_epochs=frozen)
    assert typical_speed([{"images_per_second": x} for x in speeds], experiment) == expected


def test_training_that_ends_within_its_frozen_epochs_is_whole(records, tmp_path):
    experiment = Experiment(
        "base_cnn", image_size=32, weights="none", epochs=3, freeze_epochs=2, last_epoch=1
    )
    train(experiment, records, tmp_path / "run")
    assert [line for each in verify(tmp_path / "run") for line in each.drift] == []
    (row,) = read_rows(tmp_path / "run/history.csv")
    report = read_json(tmp_path / "run/metrics.json")
    assert report["images_per_second"] == float(row["images_per_second"])


def test_stuck_training_ends_early_and_so_does_its_history(records, tmp_path, capsys):
    stuck = replace(
        EXPERIMENT, image_size=32, epochs=9, learning_rate=1e-12, patience=1, protocol="study"
    )
    (report,) = train(replace(stuck, augment=(), limit_train=20), records, tmp_path / "run")
    assert report["best_epoch"] == 1 and len(read_rows(tmp_path / "run/history.csv")) == 2
    out = capsys.readouterr().out
    assert "stopped after epoch 2: no better one in 1" in out
    assert "fine-tuning  patience 1" in out


def test_options_that_are_turned_are_named_before_training(records, tmp_path, monkeypatch, capsys):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("all_tf.training.train.fit", stop)
    with pytest.raises(KeyboardInterrupt):
        train(TUNED, records, tmp_path / "run")
    (line,) = (x for x in capsys.readouterr().out.splitlines() if "fine-tuning" in x)
    assert line == (
        "  fine-tuning  loss focal, label_smoothing 0.1, weight_decay 0.01, schedule cosine, "
        "warmup_epochs 1, freeze_epochs 1, layer_decay 0.5, dropout 0.2, ema 0.9, patience 3"
    )


def test_dropout_thins_training_and_leaves_prediction_alone():
    model, images = build(dropout=0.5), np.full((1, 32, 32, 3), 200.0, "float32")
    features = keras.Model(model.input, model.get_layer("logit").input)
    thinned, whole = features(images, training=True), features(images, training=False)
    assert 0 < np.count_nonzero(thinned) < np.count_nonzero(whole)
    np.testing.assert_array_equal(whole, features(images, training=False))
    assert "dropout" not in {layer.name for layer in build().layers}


@pytest.mark.parametrize(("written", "read"), [(0.0, 0.3), (0.3, 0.0)])
def test_weights_pass_between_models_with_dropout_and_without(written, read, tmp_path):
    path = tmp_path / "w.weights.h5"
    model = build(dropout=written)
    model.save_weights(path)
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    other = build(dropout=read, weights=str(path))
    np.testing.assert_array_equal(other(images), model(images))


def test_each_option_reaches_the_model():
    assert build().optimizer.name == "adam" and build(optimizer="sgd").optimizer.name == "sgd"
    assert build(loss="focal").loss.name == "focal_loss"
    assert build(label_smoothing=0.2).loss.label_smoothing == 0.2
    assert build(weight_decay=0.2).optimizer._rules[0] == (1.0, 0.2, 0)
    assert build(layer_decay=0.25).optimizer._rules[0] == (0.25, 0.0, 0)
    assert build(freeze_epochs=2).optimizer._rules[0] == (1.0, 0.0, 10)
    assert build(ema=0.9).averages is not None and build().averages is None


def test_finished_run_is_loaded_with_its_dropout(runs):
    assert "dropout" in {layer.name for layer in load_run(runs / "tuned").model.layers}
