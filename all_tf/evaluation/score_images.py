"""Scores of new images by a loaded network, batch by batch, any number of times in a process."""

from typing import NamedTuple

import keras
import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells
from all_tf.data.image_decoding import seen_images
from all_tf.evaluation.predict import checked_predictions
from all_tf.evaluation.tta import VIEWS
from all_tf.metrics.predictions import Predictions
from all_tf.system.progress import bar


class ImageScores(NamedTuple):
    """What a network says of images, and what its last layer sees of them."""

    predictions: Predictions
    features: np.ndarray  # float32 (n, channels), of the images as they are.


def score_images(
    joined: keras.Model, cells: Cells, experiment: Experiment, *, tta: int = 1
) -> ImageScores:
    """Score images; equal to `predict` and `predict_with_features` but for rounding.

    The logit is the mean over the views. The features are those of the first view, the image as it
    is: the features of training cells, with which they are compared, are of one view.

    No pipeline is built and nothing is traced again, so that a call with one image is cheap and
    a server that makes a million calls does not grow.

    Args:
        joined: Of `all_tf.evaluation.predict.join_features`.
        cells: At least one.
        experiment: Its view and its batch size are used.
        tta: The number of test-time views, a key of `VIEWS`.

    Raises:
        RunError: A logit is infinite or not a number.
    """
    views, size = VIEWS[tta], experiment.batch_size
    starts = range(0, len(cells), size)
    logits, features = [], []
    with bar("scoring", len(views) * len(starts), unit="step") as shown:
        for start in starts:
            images = seen_images(cells.pngs[start : start + size].tolist(), experiment.view)
            padded = _padded_to_power_of_two(images, most=size)
            of_views = []
            for see in views:
                output = joined.predict_on_batch(np.asarray(see(padded)))
                of_views.append(np.asarray(output, np.float64)[: len(images)])
                shown.update()
            logits.append(np.mean([each[:, 0] for each in of_views], axis=0))
            features.append(of_views[0][:, 1:])
    predictions = checked_predictions(cells, np.concatenate(logits))
    return ImageScores(predictions, np.concatenate(features).astype(np.float32))


def _padded_to_power_of_two(images: np.ndarray, *, most: int) -> np.ndarray:
    """Fill a batch up with black, so that few sizes are met: each one is compiled once."""
    size = min(1 << (len(images) - 1).bit_length(), most)
    return np.pad(images, [(0, size - len(images)), *[(0, 0)] * 3])
