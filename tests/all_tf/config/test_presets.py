"""The study's table holds its rows, and an experiment says in what it departs from one."""

from dataclasses import replace

from all_tf.config import presets
from all_tf.config.experiment import Experiment
from all_tf.config.presets import EXPERIMENTS, STUDY, departures
from all_tf.config.published_results import REPORTED


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


def test_departures_are_the_fields_that_differ_with_their_values():
    row = EXPERIMENTS["googlenet"]
    assert departures("googlenet", row) == {}
    assert departures("googlenet", replace(row, epochs=3, seed=7)) == {"epochs": 3, "seed": 7}


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
