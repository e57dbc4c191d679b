"""Images that are scored a batch at a time get the outputs of the pipeline of evaluations."""

import io

import numpy as np
import pytest
from PIL import Image

from all_tf.config.experiment import Experiment
from all_tf.data.splits import load_data
from all_tf.evaluation.predict import (
    batches_to_score,
    join_features,
    predict,
    predict_with_features,
)
from all_tf.evaluation.score_images import score_images
from builders.registry import build_model
from tests.untrained import EXPERIMENT


@pytest.mark.parametrize("tta", [1, 8])
def test_scores_and_features_are_those_of_the_pipeline(records, tta):
    model = build_model(EXPERIMENT.arch, image_size=EXPERIMENT.image_size, weights="none")
    # More than one batch, the last one not full; a crop out of a larger canvas.
    experiment = Experiment("base_cnn", image_size=32, crop=300, batch_size=8, weights="none")
    cells = load_data(experiment, records).selection
    cells = cells.take(np.arange(13))
    batches = batches_to_score(cells, experiment, title="x")
    expected = predict(model, batches, cells, tta=tta)
    _, features = predict_with_features(model, batches, cells)  # Of the images as they are.
    found = score_images(join_features(model), cells, experiment, tta=tta)
    np.testing.assert_allclose(found.predictions.logits, expected.logits, atol=1e-5)
    np.testing.assert_allclose(found.features, features, atol=1e-5)
    assert found.predictions.names.tolist() == cells.names.tolist()


def test_number_of_images_in_a_call_changes_nothing_but_rounding(records):
    model = build_model(EXPERIMENT.arch, image_size=EXPERIMENT.image_size, weights="none")
    cells = load_data(EXPERIMENT, records).selection.take(np.arange(5))
    joined = join_features(model)
    together = score_images(joined, cells, EXPERIMENT).predictions.logits
    alone = [
        score_images(joined, cells.take(np.array([place])), EXPERIMENT).predictions.logits[0]
        for place in range(5)
    ]
    np.testing.assert_allclose(alone, together, atol=1e-5)
    with Image.open(io.BytesIO(cells.pngs[0])) as image:
        assert image.size == (450, 450)
