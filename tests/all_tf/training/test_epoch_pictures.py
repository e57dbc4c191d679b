"""Pictures of an epoch show what its validation has said, and take little of the time."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from all_tf.data.cells import Cells
from all_tf.training.callbacks import epoch_pictures
from all_tf.training.callbacks.epoch_pictures import EpochPictures
from all_tf.training.event_files import EventWriters


class Kept:
    def begin(self):
        self.number = 0

    def values(self):
        return np.random.default_rng(self.number).normal(0, 1, 30)


@pytest.fixture
def cells():
    labels, patients = np.arange(30) % 2, np.array([f"UID-{n % 6}" for n in range(30)])
    none = np.array([""] * 30)
    return Cells(none, labels, patients, patients, np.arange(30).astype(str), none, labels)


def test_epochs_have_their_auroc_and_long_ones_their_pictures(cells, tmp_path, monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(epoch_pictures.time, "perf_counter", lambda: seconds[0])
    board = EpochPictures(EventWriters(tmp_path), Kept(), cells=cells, of="selection")
    board.on_train_begin()
    board.on_test_begin()
    for epoch, now in enumerate((1.0, 2.0, 60.0)):  # The first two are too short.
        board._kept.number, seconds[0] = epoch, now
        board.on_epoch_end(epoch)
    events = EventAccumulator(str(tmp_path / "selection")).Reload()
    areas = [float(make_ndarray(each.tensor_proto)) for each in events.Tensors("more/auc")]
    logits = [np.random.default_rng(number).normal(0, 1, 30) for number in range(3)]
    assert areas == pytest.approx([roc_auc_score(cells.labels, each) for each in logits])
    for name in ("confusion matrix", "patients"):
        assert [each.step for each in events.Tensors(f"pictures, each epoch/{name}")] == [3]
    (path,) = (tmp_path / "selection").iterdir()
    assert b"UID" not in path.read_bytes()
