"""Runs that have learnt nothing, as TensorBoard is to show them."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from all_tf.config.choices import DIRECTIONS
from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.training.callbacks.epoch_charts import EpochCharts
from all_tf.training.event_files import EventWriters

OF = ", Kyiv, 2026 (0123456789ab)"  # In every tag of a scored set.
EXPERIMENT = Experiment(
    "base_cnn",
    image_size=48,
    batch_size=16,
    augment=("hflip", "mixup"),
    weights="/home/somebody/mine.weights.h5",
)


RECORDS = {"records_name": "Kyiv, 2026", "records_sha256": "0123456789abcdef" * 4}
ROLES = {
    "selection": {"split": "train", "fold": 0, "stamps": ["optimistic"]},
    "held out": {"split": "validation", "fold": None, "stamps": []},
}


_NUMBERS = {"selected_on": "train fold 0", "num_images": 30, "num_patients": 12}


def result(cells, role: str, *, seed: int) -> tuple[Predictions, dict]:
    """What a network might say of some cells, and a report of it."""
    logits = np.random.default_rng(seed).normal(2.0 * cells.labels - 1, 1.5)
    predictions = Predictions(cells.names, cells.patients, cells.groups, cells.labels, logits)
    predictions = Calibration(temperature=2.0, bias=0.1).apply(predictions)
    report = RECORDS | ROLES[role] | {"best_epoch": 3, "threshold": 0.45} | _NUMBERS
    return predictions, report | all_metrics(predictions, threshold=0.45)


def note_epochs(run: Path) -> None:
    noted = EpochCharts(EventWriters(run / "tensorboard"), records=OF.removeprefix(", "))
    noted.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
    for epoch in range(3):
        logs = {f"{of}{key}": epoch / 4 for key in DIRECTIONS for of in ("", "val_")}
        noted.on_epoch_end(epoch, logs | {"images_per_second": 9.0})
    noted.on_train_end()
