"""Pictures of answers: all images with their answers, and heat maps of both classes beside them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from all_tf.analysis import answer_picture
from all_tf.analysis.answer_picture import draw_answers
from all_tf.data.image_files import measure_new_cells
from all_tf.evaluation.answers import AnsweredCell
from all_tf.evaluation.predict import join_features
from all_tf.evaluation.scorers import Scorer
from all_tf.metrics.calibration import Calibration
from builders.registry import build_model
from tests.untrained import EXPERIMENT
from tfrecords.class_names import CNMC_CLASSES
from tfrecords.synthetic.cells import draw_cell

_ANSWERS = [("positive", ""), ("none", "size: x; focus: y; scale: z")]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    model = build_model(EXPERIMENT.arch, image_size=EXPERIMENT.image_size, weights="none")
    joined = join_features(model)
    own = Calibration()
    return Scorer(Path("run"), "run", EXPERIMENT, model, joined, own, None, None, CNMC_CLASSES)


def drawn(number: int):
    images = (draw_cell(np.random.default_rng(n), label=n % 2) for n in range(min(number, 6)))
    images = list(images)
    named = ((f"{n}.png", Image.fromarray(images[n % len(images)])) for n in range(number))
    new = measure_new_cells(named, None)
    answered = [
        AnsweredCell(f"{n}.png", 0.6, 0.7, 0.5, 1, *answer, None, [])
        for n, answer in zip(
            range(number), [("positive", ""), ("none", "size: x; focus: y")] * 99, strict=False
        )
    ]
    return new.cells, answered


def test_every_image_is_drawn_and_heat_adds_two_pictures_each(scorer, tmp_path):
    cells, answered = drawn(5)
    sizes = []
    for heat in (False, True):
        path = tmp_path / f"{heat}.png"
        assert draw_answers(path, answered, cells, [scorer, scorer], heat=heat) == 5
        with Image.open(path) as image:
            sizes.append(image.size)
            assert np.asarray(image.convert("L")).std() > 10
    assert sizes[1][1] > sizes[0][1]  # Fifteen pictures need a second row.


def test_picture_of_many_images_shows_the_first(scorer, tmp_path, monkeypatch):
    monkeypatch.setattr(answer_picture, "MOST_SHOWN", 3)
    cells, answered = drawn(5)
    assert draw_answers(tmp_path / "a.png", answered, cells, [scorer]) == 3
