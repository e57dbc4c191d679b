"""The plan is there before the first epoch; the best so far and the time left after each."""

from types import SimpleNamespace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.util.tensor_util import make_ndarray

from all_tf.training.callbacks.epoch_charts import ProgressText
from all_tf.training.event_files import EventWriters


@pytest.fixture
def board(tmp_path):
    best = SimpleNamespace(best_epoch=None, best=0.0, chosen_by="kappa")
    history = SimpleNamespace(rows=[])
    text = ProgressText(
        EventWriters(tmp_path),
        plan="cellnet\n  view  <b>all</b>",
        first_epoch=0,
        best=best,
        history=history,
    )
    text.set_params({"epochs": 4})
    text.on_train_begin()
    return text, best, history


def test_plan_and_layout_are_there_before_the_first_epoch(board, tmp_path):
    events = EventAccumulator(str(tmp_path / "train")).Reload()
    (plan,) = events.Tensors("plan")
    assert make_ndarray(plan.tensor_proto).item() == b"    cellnet\n      view  <b>all</b>\n"
    (layout,) = events.Tensors("custom_scalars__config__")
    layout = layout_pb2.Layout.FromString(make_ndarray(layout.tensor_proto).item())
    charts = {chart.title: chart.multiline.tag[0] for chart in layout.category[0].chart}
    assert list(charts) == ["F1", "Cohen's kappa", "loss", "AUROC"] and charts["F1"] == "^f1$"


def test_progress_says_what_is_best_and_how_long_it_takes(board, tmp_path):
    text, best, history = board
    for epoch, seconds in enumerate((500, 60, 60)):
        best.best_epoch, best.best = 1, 0.5
        history.rows.append({"seconds": seconds})
        text.on_epoch_end(epoch)
    events = EventAccumulator(str(tmp_path / "train")).Reload()
    lines = [make_ndarray(e.tensor_proto).item().decode() for e in events.Tensors("progress")]
    assert lines[0] == "epoch 1 of 4; best kappa 0.500 at epoch 1; about 25 min left"
    assert lines[2] == "epoch 3 of 4; best kappa 0.500 at epoch 1; about 60 s left"
    chosen = EventAccumulator(str(tmp_path / "selection")).Reload()
    assert [e.step for e in chosen.Tensors("progress/best kappa so far")] == [1, 2, 3]
