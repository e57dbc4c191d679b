"""Experiments are checked when they are made, and the study's table has its rows."""

from dataclasses import replace

import pytest

from all_tf.config import presets
from all_tf.config.experiment import Experiment, View
from all_tf.config.presets import EXPERIMENTS, STUDY
from all_tf.config.published_results import REPORTED
from all_tf.config.study_table import study_table
from all_tf.system.checks import ConfigError
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("arch", "resnet9000", "Unknown arch. Known: .*densenet169"),
        ("imbalance", "pray", "Unknown imbalance"),
        ("protocol", "leaky", "Unknown protocol"),
        ("monitor", "val_kapa", "Unknown monitor. Known: val_loss, .*val_kappa"),
        ("augment", ("hflip", "spin"), "Unknown augment.*Received: augment='spin'"),
        ("image_size", 16, "image_size of 32 to 2048"),
        ("image_size", 10**9, "image_size of 32 to 2048"),
        ("image_size", "300", "image_size of type int. Received: image_size='300'"),
        ("epochs", True, "epochs of type int"),
        ("patience", 1.5, r"patience of type int \| None"),
        ("arch", ["vgg16"], "arch of type str"),
        ("augment", "hflip", "augment of type tuple"),
        ("dropout", None, r"dropout of type int \| float"),
        ("batch_size", 0, "batch_size of at least 1"),
        ("epochs", 0, "epochs of at least 1"),
        ("fold", -1, "fold of at least 0"),
        ("seed", -1, "seed of at least 0"),
        ("limit_train", 1, "limit_train of at least 2"),
        ("learning_rate", 0.0, "learning_rate of 1e-12 to 1000"),
        ("learning_rate", float("nan"), "learning_rate of"),
        ("crop", 600, "crop of 32 to 450"),
        ("loss", "hinge", "Unknown loss. Known: weighted_bce, focal"),
        ("optimizer", "lion", "Unknown optimizer"),
        ("precision", "float16", "Unknown precision. Known: float32, mixed_bfloat16"),
        ("schedule", "linear", "Unknown schedule"),
        ("label_smoothing", 1.0, "label_smoothing of 0 to 0.9"),
        ("weight_decay", -0.1, "weight_decay of 0 to 1"),
        ("warmup_epochs", 10, "warmup_epochs of 0 to 9"),
        ("freeze_epochs", 10, "freeze_epochs of 0 to 9"),
        ("layer_decay", 0.0, "layer_decay of 0.001 to 1"),
        ("dropout", 1.0, "dropout of 0 to 0.9"),
        ("ema", 1.0, "ema of 0 to"),
        ("patience", 0, "patience of at least 1"),
    ],
)
def test_impossible_value_is_refused_with_what_is_allowed(field, value, message):
    with pytest.raises(ConfigError, match=message):
        replace(Experiment("base_cnn"), **{field: value})


def test_canvas_is_larger_only_where_crops_are_random():
    assert Experiment("base_cnn", image_size=224).view == View(450, 224, 224)
    cropped = Experiment("base_cnn", image_size=224, augment=("random_crop",), crop=300)
    assert cropped.view == View(300, 256, 224)


def test_study_reported_all_of_its_rows_but_one():
    assert set(REPORTED) == set(STUDY) - {"efficientnetb7"}  # Listed without figures.


def test_architecture_without_a_row_has_defaults_that_suit_its_weights(monkeypatch):
    monkeypatch.setattr(presets, "EXPERIMENTS", {})
    assert presets.find_row("vgg16") is None
    assert presets.default_experiment("vgg16") == Experiment("vgg16", image_size=224)
    assert presets.default_experiment("efficientnetb7").image_size == 300
    assert presets.default_experiment("cellnet") == Experiment("cellnet", weights="none")


def test_architecture_stands_for_its_first_row(monkeypatch):
    first, later = STUDY["vgg16"], Experiment("vgg16", epochs=3)
    for rows in ({"vgg16": first, "later": later}, {"later": later, "vgg16": first}):
        monkeypatch.setattr(presets, "EXPERIMENTS", rows)
        assert presets.find_row("vgg16") is next(iter(rows.values()))


def test_readme_has_the_table_of_the_study():
    table = study_table()
    assert table in (ROOT / "README.md").read_text(encoding="utf-8"), (
        f"Replace the table of README.md by what study_table() of {study_table.__module__} "
        f"returns:\n{table}"
    )


def test_rows_are_the_studys():
    row = EXPERIMENTS["densenet169"]
    assert (row.image_size, row.batch_size, row.epochs, row.learning_rate) == (300, 32, 10, 1e-3)
    assert (row.augment, row.imbalance, row.weights) == (
        ("hflip", "vflip"),
        "oversample",
        "imagenet",
    )
    assert EXPERIMENTS["efficientnetb0"].crop == 300
    assert EXPERIMENTS["base_cnn"].epochs == 1 and EXPERIMENTS["base_cnn"].batch_size == 60
    assert EXPERIMENTS["vgg19"].batch_size == 512 and EXPERIMENTS["vgg19"].image_size == 128
    assert REPORTED["googlenet"] == (75.3, 75.8, 48.0)
