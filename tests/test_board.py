"""TensorBoard shows what a run came to, as the reports have it, and nobody's name."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util.tensor_util import make_ndarray

from all_tf.board import Scored, show_result
from all_tf.calibration import Calibration
from all_tf.config import Experiment
from all_tf.evaluation import Predictions
from all_tf.measurement import measure

EXPERIMENT = Experiment("cellnet", weights="/home/somebody/mine.weights.h5", augment=("hflip",))


def scored(role: str, *, seed: int, split: str, fold: int | None, stamps: tuple = ()) -> Scored:
    """A set of forty cells of four patients."""
    rng = np.random.default_rng(seed)
    patients = np.repeat([f"{role}-secret-{n}" for n in range(4)], 10)
    labels = np.repeat([1, 0, 1, 0], 10)
    names = np.array([f"UID_{patient}_{n}.bmp" for n, patient in enumerate(patients)])
    logits = rng.normal(2.0 * labels - 1, 1.5)
    predictions = Predictions(names, patients, patients, labels, logits)
    predictions = Calibration(temperature=2.0, bias=0.1).apply(predictions)
    report = {"split": split, "fold": fold, "best_epoch": 3, "threshold": 0.45, "stamps": stamps}
    return Scored(role, predictions, report | measure(predictions, threshold=0.45))


SETS = (
    scored("selection", seed=1, split="train", fold=0, stamps=("optimistic",)),
    scored("held out", seed=2, split="validation", fold=None),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Written twice, as by two processes."""
    path = tmp_path_factory.mktemp("tensorboard")
    for _ in range(2):
        show_result(path, EXPERIMENT, SETS, name="runs/a")
    return path


@pytest.fixture(scope="module")
def events(folder):
    return EventAccumulator(str(folder)).Reload()


def value_of(events, tag: str) -> np.ndarray:
    (event,) = events.Tensors(tag)
    assert event.step == 3
    return make_ndarray(event.tensor_proto)


def test_figures_are_those_of_the_reports_and_there_once(events):
    for each in SETS:
        for key in ("f1", "kappa", "auc", "log_loss"):
            shown = value_of(events, f"result/{key}, {each.role}")
            assert shown == pytest.approx(each.report[key])


def test_curve_has_the_precision_and_recall_that_scikit_learn_counts(events):
    for each in SETS:
        curve = value_of(events, f"{each.role}/pr_curves")
        labels, scores = each.predictions.labels, each.predictions.calibrated_scores
        for place in (20, 100, 160):
            called = np.floor(scores * 200) >= place
            expected = metrics.precision_score(labels, called), metrics.recall_score(labels, called)
            np.testing.assert_allclose(curve[4:, place], expected, rtol=1e-6)


def test_run_is_a_row_with_its_settings_and_figures(events):
    contents = {
        tag: events.SummaryMetadata(tag).plugin_data.content
        for tag in (metadata.EXPERIMENT_TAG, metadata.SESSION_START_INFO_TAG)
    }
    table = metadata.parse_experiment_plugin_data(contents[metadata.EXPERIMENT_TAG])
    row = metadata.parse_session_start_info_plugin_data(contents[metadata.SESSION_START_INFO_TAG])
    assert row.group_name == "runs/a"
    assert set(row.hparams) == {info.name for info in table.hparam_infos} == set(vars(EXPERIMENT))
    assert row.hparams["arch"].string_value == "cellnet"
    assert row.hparams["learning_rate"].number_value == 1e-3
    assert {row.hparams[key].string_value for key in ("augment", "patience")} == {"hflip", "none"}
    tags = {info.name.tag for info in table.metric_infos}
    assert {"result/f1, selection", "result/kappa, held out"} <= tags
    assert tags <= set(events.Tags()["tensors"])


def test_settings_are_of_one_type_whatever_their_value(tmp_path):
    full = replace(EXPERIMENT, augment=(), patience=3, limit_train=50)
    show_result(tmp_path, full, SETS[:1], name="runs/b")
    events = EventAccumulator(str(tmp_path)).Reload()
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    row = metadata.parse_session_start_info_plugin_data(content)
    texts = {key: row.hparams[key].string_value for key in ("augment", "patience", "limit_train")}
    assert texts == {"augment": "none", "patience": "3", "limit_train": "50"}


def test_pictures_are_of_both_sets(events):
    tags = {tag for tag in events.Tags()["tensors"] if tag.startswith("pictures")}
    names = ("confusion", "ROC", "precision and recall", "reliability", "patients")
    assert tags == {f"pictures, {each.role}/{name}" for each in SETS for name in names}
    for tag in tags:
        width, height, png = value_of(events, tag)
        image = tf.io.decode_png(png).numpy()
        assert image.shape == (int(height), int(width), 3) and image.std() > 10


def test_title_says_which_set_it_is_and_what_that_is_worth(monkeypatch, tmp_path):
    titles = set()
    monkeypatch.setattr(
        "all_tf.board.write_picture", lambda tag, figure, *, title: titles.add(title)
    )
    show_result(tmp_path, EXPERIMENT, SETS, name="runs/c")
    assert titles == {"train fold 0, epoch 3 [optimistic]", "validation, epoch 3"}


def test_nobody_and_no_file_is_named(folder):
    (path,) = folder.iterdir()
    content = path.read_bytes()
    for secret in (b"secret", b"UID", b"somebody"):
        assert secret not in content
