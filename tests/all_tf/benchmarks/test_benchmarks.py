"""The measurements measure what they say; how fast this machine is, is not tested."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from all_tf.benchmarks import input as reading
from all_tf.benchmarks import startup
from all_tf.benchmarks.convert import benchmark_convert
from tests.conftest import ROOT
from tfrecords.sources.cnmc import find_images


@pytest.fixture(scope="module")
def bitmaps(synthetic) -> list[tuple[Path, int]]:
    return [(x.path, x.label) for x in find_images(synthetic) if x.phase == "train"]


def test_input_is_measured_by_epoch_on_both_sides(records, bitmaps, monkeypatch):
    monkeypatch.setattr(reading, "_ROUNDS", 1)
    figures = reading.benchmark_input(records, bitmaps, image_size=32)
    json.dumps(figures)
    assert figures["num_images"] == len(bitmaps)
    for which in ("first", "later"):
        name = {"first": "first_epoch", "later": "later_epochs"}[which] + "_images_per_second"
        quotient = figures[name] / figures[f"keras_{name}"]
        assert figures[f"ratio_{which}"] == pytest.approx(quotient, abs=0.01 + 0.01 * quotient)
    assert all(cost > 0 for cost in figures["cpu_ms_per_image"].values())


@pytest.mark.slow
def test_converter_is_measured_beside_its_codec_and_tfds(synthetic):
    figures = benchmark_convert(find_images(synthetic))
    json.dumps(figures)
    of_one_core = figures["codec_images_per_second_one_core"] * figures["cores"]
    quotient = figures["images_per_second"] / of_one_core
    assert figures["ratio_to_codec"] == pytest.approx(quotient, abs=0.001)
    assert figures["num_images"] == 120
    assert all(figures[name] > 0 for name in figures if name != "near_duplicate_seconds")


def test_both_sides_show_the_same_images(records, bitmaps, tmp_path, monkeypatch):
    """By their labels and their brightness; the one resizes with anti-aliasing, the other not."""
    reading._link_by_class(bitmaps, tmp_path)
    theirs = keras.utils.image_dataset_from_directory(
        tmp_path, label_mode="binary", image_size=(450, 450), shuffle=False, verbose=False
    )
    seen = [
        (int(label[0]), round(float(np.mean(image)), 2))
        for images, labels in theirs.as_numpy_iterator()
        for image, label in zip(images, labels, strict=True)
    ]
    class_names = sorted(("hem", "all"))  # Keras numbers folders by the alphabet.
    cells = reading.load_cells(records, "train")
    lookup = reading.canvas_lookup(cells, reading.View(450, 450, 450), title="cells")
    ours = [
        (
            class_names.index(("hem", "all")[label]),
            round(float(np.mean(lookup(np.array([index]))[0])), 2),
        )
        for index, label in enumerate(cells.labels)
    ]
    assert sorted(seen) == sorted(ours)


def test_records_of_another_source_are_not_measured(records, bitmaps):
    with pytest.raises(ValueError, match="Pass the --records that were made of this --source"):
        reading.benchmark_input(records, bitmaps[1:], image_size=32)


def test_time_of_an_epoch_is_told_apart_from_those_that_follow(monkeypatch):
    clock = iter([100.0, 103.0, 104.0, 106.0])
    monkeypatch.setattr(reading.time, "perf_counter", lambda: next(clock))
    first, later = reading._timed(iter([None, None, None]))
    assert (first.seconds, later.seconds) == (3.0, 1.5)


@pytest.mark.slow
def test_way_to_the_first_step_is_measured_on_both_sides(records, monkeypatch):
    monkeypatch.setattr(startup, "_ROUNDS", 1)
    figures = startup.benchmark_startup("base_cnn", image_size=32, records=records)
    for name in ("", "cpu_"):
        quotient = figures[f"{name}seconds"] / figures[f"bare_{name}seconds"]
        assert figures[f"{name}ratio_to_bare"] == pytest.approx(quotient, abs=0.02)
    assert figures["cpu_seconds"] > 1  # TensorFlow alone takes more.


def test_process_that_fails_before_its_first_step_is_named():
    with pytest.raises(startup.ChildError, match="No first step was made.*error: no records"):
        startup._to_first_step(["print('error: no records')"])


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.py")), ids=lambda x: x.name)
def test_help_answers_within_half_a_second(script):
    def seconds() -> float:
        """Of the processor, which other processes hardly add to."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, script, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert any(seconds() < 0.5 for _ in range(5))
