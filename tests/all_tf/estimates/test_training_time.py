"""The estimate of a training's time: what it counts, how it grows, and what a study says of it."""

from dataclasses import replace

import pytest

from all_tf.config.presets import EXPERIMENTS, STUDY
from all_tf.data.splits import load_data
from all_tf.estimates.costs import COSTS
from all_tf.estimates.training_time import (
    ImageCounts,
    count_images,
    estimate,
    seconds_a_product,
)
from all_tf.launch import study_time
from all_tf.launch.study_time import describe_study_time

COUNTS = ImageCounts(epoch=1000, selection=200, held_out=100)


def test_every_row_of_the_study_has_a_cost_at_its_size():
    for row in STUDY.values():
        assert COSTS[row.arch].image_size == row.image_size
        assert COSTS[row.arch].score < COSTS[row.arch].step


@pytest.mark.parametrize(
    "changes",
    [{}, {"imbalance": "oversample"}, {"limit_train": 30, "limit_validation": 9},
     {"protocol": "study"}, {"score_held_out": False}],
)  # fmt: skip
def test_counts_are_those_of_the_loaded_data(changes, records):
    experiment = replace(EXPERIMENTS["base_cnn"], **changes)
    counts, data = count_images(experiment, records), load_data(experiment, records)
    learnt = 2 * max(data.fit.counts) if "imbalance" in changes else len(data.fit)
    held_out = 0 if data.held_out is None else len(data.held_out)
    assert counts == (learnt, len(data.selection), held_out)


def test_time_grows_with_epochs_pixels_and_the_machine_and_ends_at_its_bound():
    row = EXPERIMENTS["vgg16"]
    once = estimate(row, COUNTS, product=0.04)
    assert estimate(row, COUNTS, product=0.08).epoch == pytest.approx(2 * once.epoch)
    larger = estimate(replace(row, image_size=256), COUNTS, product=0.04)
    assert larger.step == pytest.approx(4 * once.step)
    assert once.training == pytest.approx(row.epochs * once.epoch, rel=0.05)
    rest = estimate(row, COUNTS, product=0.04, done=row.epochs - 3)
    assert rest.training == pytest.approx(3 * once.epoch, rel=0.2)
    bounded = estimate(replace(row, max_minutes=1), COUNTS, product=0.04)
    assert 60 < bounded.training < 60 + once.epoch


def test_linear_probe_scores_each_cell_once_whatever_its_epochs():
    row = replace(EXPERIMENTS["vgg16"], augment=(), freeze_epochs=20)
    longer = replace(row, epochs=40, freeze_epochs=40)
    probe = estimate(row, COUNTS, product=0.04).training
    assert probe == estimate(longer, COUNTS, product=0.04).training
    assert probe < estimate(EXPERIMENTS["vgg16"], COUNTS, product=0.04).epoch


def test_network_that_was_not_measured_has_no_estimate():
    row = replace(EXPERIMENTS["vgg16"], arch="resnet50")
    assert estimate(row, COUNTS, product=0.04) is None


def test_machine_is_measured():
    assert seconds_a_product(for_seconds=0) > 0


def test_study_says_how_long_each_row_takes_how_to_shorten_it_and_that_it_can_be_left(
    records, monkeypatch
):
    monkeypatch.setattr(study_time, "seconds_a_product", lambda: 0.04)
    text = describe_study_time({key: STUDY[key] for key in ("base_cnn", "resnet152")}, records)
    assert "| base_cnn " in text and "2 rows take about" in text and "factor of two" in text
    for option in ("--rows", "--every-row-for", "--limit-train", "--epochs", "--image-size"):
        assert option in text
    assert "Ctrl-C leaves it; the same command takes it up" in text
