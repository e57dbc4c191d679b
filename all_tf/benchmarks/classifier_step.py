"""What this project's own training steps are timed on: a compiled classifier and one batch."""

import numpy as np

from all_tf.benchmarks.speed_table import SpeedJob
from builders.classifier import Classifier, build_classifier
from builders.losses import LOSSES
from builders.optimizers import build_optimizer
from builders.registry import build_model


def classifier_of(job: SpeedJob) -> Classifier:
    """A network with random weights, its loss and Adam, without augmentation or metrics."""
    model = build_model(
        job.arch, image_size=job.image_size, weights="none", precision=job.precision
    )
    optimizer = build_optimizer("adam", model, learning_rate=1e-4, precision=job.precision)
    return build_classifier(model, loss=LOSSES["weighted_bce"](), optimizer=optimizer)


def random_batch(job: SpeedJob) -> tuple[np.ndarray, np.ndarray]:
    """Images float32 `(b, side, side, 3)` in [0, 255] and labels float32 `(b, 1)`."""
    rng = np.random.default_rng(0)
    images = rng.random((job.batch_size, job.image_size, job.image_size, 3), np.float32)
    return images * 255, np.arange(job.batch_size, dtype=np.float32)[:, None] % 2
