"""TensorBoard shows what a run came to, as the reports have it, and nobody's name."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util.tensor_util import make_ndarray

from all_tf.config import choices
from all_tf.data.augmentation import build_augment
from all_tf.data.batches import training_batches
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.previews import learnt_batch
from all_tf.plots.cell_images import brighten
from all_tf.training.tensorboard import write
from all_tf.training.tensorboard.write import AMOUNTS, show_run
from tests.shown_runs import EXPERIMENT, OF, ROLES


@pytest.fixture(scope="module")
def events(run):
    return EventAccumulator(str(run / "tensorboard/selection")).Reload()


def value_of(events, tag: str) -> np.ndarray:
    (event,) = events.Tensors(tag)
    assert event.step == 3
    return make_ndarray(event.tensor_proto)


def test_figures_are_those_of_the_reports_and_there_once(events, results):
    for role, (_, report) in results.items():
        for key in ("f1", "kappa", "auc"):
            assert value_of(events, f"result/{key}, {role}{OF}") == pytest.approx(report[key])


def test_curve_has_the_precision_and_recall_that_scikit_learn_counts(events, results):
    for role, (predictions, _) in results.items():
        curve = value_of(events, f"{role}{OF}/pr_curves")
        labels, scores = predictions.labels, predictions.calibrated_scores
        for place in (20, 100, 160):
            called = np.floor(scores * 200) >= place
            expected = metrics.precision_score(labels, called), metrics.recall_score(labels, called)
            np.testing.assert_allclose(curve[4:, place], expected, rtol=1e-6)


def row_of(events):
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    return metadata.parse_session_start_info_plugin_data(content)


def test_run_is_a_row_with_its_settings_and_figures(events, run):
    content = events.SummaryMetadata(metadata.EXPERIMENT_TAG).plugin_data.content
    table, row = metadata.parse_experiment_plugin_data(content), row_of(events)
    assert row.group_name == f"{run.parent.name}/first"
    assert set(row.hparams) == {info.name for info in table.hparam_infos} == set(vars(EXPERIMENT))
    assert row.hparams["arch"].string_value == "base_cnn"
    assert row.hparams["weights"].string_value == "mine.weights.h5"
    assert row.hparams["learning_rate"].number_value == 1e-3
    tags = {info.name.tag for info in table.metric_infos}
    assert {f"result/f1, selection{OF}", f"result/kappa, held out{OF}"} <= tags
    assert tags <= set(events.Tags()["tensors"])


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"augment": (), "patience": None, "limit_train": None}, ("none", "none", "none")),
        (
            {"augment": ("hflip", "gamma"), "patience": 3, "limit_train": 50},
            ("hflip, gamma", "3", "50"),
        ),
    ],
)
def test_settings_are_of_one_type_whatever_their_value(prepared, results, tmp_path, given, shown):
    other = prepared._replace(experiment=replace(EXPERIMENT, **given))
    show_run(tmp_path, other, {"selection": results["selection"]}, amount="scalars")
    row = row_of(EventAccumulator(str(tmp_path / "tensorboard/selection")).Reload())
    assert tuple(row.hparams[key].string_value for key in given) == shown


def test_pictures_are_of_both_sets_and_of_cells(events):
    tags = {tag for tag in events.Tags()["tensors"] if tag.startswith("pictures")}
    figures = ("confusion matrix", "ROC", "precision and recall", "reliability", "patients")
    mistakes = ("ALL called HEM: leukaemia that was missed", "HEM called ALL: false alarms")
    cells = {f"pictures, cells/{name}" for name in (*mistakes, "learnt from")}
    assert tags == cells | {
        f"pictures, result on {role}{OF}/{name}" for role in ROLES for name in figures
    }
    for tag in tags:
        for event in events.Tensors(tag):
            width, height, png = make_ndarray(event.tensor_proto)
            image = tf.io.decode_png(png).numpy()
            assert image.shape == (int(height), int(width), 3) and image.std() > 10
    assert [event.step for event in events.Tensors("pictures, cells/learnt from")] == [1, 2, 3]


@pytest.fixture(scope="module")
def written(prepared, results, tmp_path_factory) -> dict:
    """The figures of a run by their tags, with their titles; of one tag the last."""
    found = {}

    def note(tag, figure, *, title, step=None):
        found[tag] = title, figure

    with pytest.MonkeyPatch.context() as monkeypatch:
        for module in ("scored_sets", "cell_images"):
            monkeypatch.setattr(f"all_tf.training.tensorboard.{module}.write_picture", note)
        show_run(tmp_path_factory.mktemp("run"), prepared, results, amount="full")
    return found


def test_title_says_which_set_it_is_and_what_that_is_worth(written):
    of = "of Kyiv, 2026 (0123456789ab)"
    chosen = f"selection (train fold 0) {of}, epoch 3, threshold 0.450 [optimistic]"
    assert written[f"pictures, result on selection{OF}/ROC"][0] == chosen
    assert written[f"pictures, result on held out{OF}/ROC"][0] == (
        f"held out {of}, epoch 3, threshold 0.450"
    )
    title = written["pictures, cells/HEM called ALL: false alarms"][0]
    assert chosen in title and re.search(r"\d+ of \d+;", title)


@pytest.mark.parametrize("folder", ["train", "selection"])
def test_chart_of_the_epochs_says_which_records_it_is_of(run, folder):
    charts = EventAccumulator(str(run / "tensorboard" / folder)).Reload()
    tags = [tag for tag in charts.Tags()["tensors"] if tag.split("/")[0] in ("f1", "kappa", "more")]
    described = {charts.SummaryMetadata(tag).summary_description for tag in tags}
    assert len(tags) > 5 and described == {"Kyiv, 2026 (0123456789ab)"}


def test_results_are_one_table_that_says_which_sets_they_are_of(events, results):
    text = value_of(events, "results").item().decode()
    for title in ("selection (train fold 0)", "held out"):
        assert f"{title} of Kyiv, 2026 (0123456789ab)" in text
    assert "ALL (positive), HEM" in text and text.count("| F1, weighted") == 1
    for _, report in results.values():
        assert f"{report['log_loss']:.3f}" in text
    assert text.count("not estimable") <= len(results) + 4  # Once a set, but for slopes.
    points = [tag for tag in events.Tags()["tensors"] if tag.startswith("result/")]
    assert len(points) == 3 * len(results)  # What HParams reads.


def test_no_picture_is_there_twice(events):
    pictures = [
        make_ndarray(event.tensor_proto)[-1]
        for tag in events.Tags()["tensors"]
        if tag.startswith("pictures")
        for event in events.Tensors(tag)
    ]
    assert len(set(pictures)) == len(pictures) > 10


def test_figures_name_pseudonyms_and_no_patient(written, prepared):
    data = prepared.data
    patients = {*data.selection.patients, *data.held_out.patients, *data.fit.patients}
    texts = {
        word
        for title, figure in written.values()
        for axes in figure.axes
        for text in (*axes.texts, *axes.get_yticklabels())
        for word in text.get_text().split()
        if not axes.get_ylabel()  # Of shares, whose numbers are nobody.
    }
    assert {"ALL-01", "HEM-01"} <= texts and not any(text.startswith("UID") for text in texts)
    galleries = [figure for tag, (_, figure) in written.items() if " called " in tag]
    captions = [
        text.get_text() for figure in galleries for axes in figure.axes for text in axes.texts
    ]
    assert all(re.fullmatch(r"score \d\.\d{3}\n(ALL|HEM)-\d\d", caption) for caption in captions)
    assert captions and not patients & {caption.split("\n")[1] for caption in captions}


def test_worst_mistakes_come_first_and_are_those_cells(written, results, prepared):
    predictions, _ = results["selection"]
    scores, labels = predictions.calibrated_scores, predictions.labels
    wrong = np.flatnonzero((scores >= 0.45) & (labels == 0))
    worst = wrong[np.argsort(-scores[wrong])]
    _, figure = written["pictures, cells/HEM called ALL: false alarms"]
    shown = [text.get_text().split()[1] for text in figure.axes[0].texts]
    assert shown == [f"{score:.3f}" for score in scores[worst][:8]]
    cell = canvas_lookup(prepared.data.selection, EXPERIMENT.view, title="test")(worst[:1])[0]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), brighten(cell))


def test_batch_is_the_one_that_the_step_was_given(prepared):
    data, plan = prepared.data, prepared.plan
    batches = training_batches(
        data.fit,
        plan,
        lookup=canvas_lookup(data.fit, EXPERIMENT.view, title="test"),
        batch_size=EXPERIMENT.batch_size,
        seed=EXPERIMENT.seed,
        epochs=range(3),
    )
    steps = int(batches.cardinality()) // 3
    augment = build_augment(EXPERIMENT.augment, view=EXPERIMENT.view, seed=EXPERIMENT.seed)
    for epoch in range(3):
        canvases, labels, _ = next(iter(batches.skip(epoch * steps)))
        images, shares = augment(canvases, labels, epoch * steps)
        learnt = learnt_batch(data.fit, plan, EXPERIMENT, epoch=epoch)
        np.testing.assert_array_equal(learnt.images, images)
        np.testing.assert_array_equal(learnt.labels, np.ravel(shares))


def test_projector_has_features_labels_and_a_sprite_of_every_cell(run, prepared, results):
    folder = run / "tensorboard/selection/projector"
    features = np.loadtxt(folder / "features.tsv", delimiter="\t")
    cells, (predictions, _) = prepared.data.selection, results["selection"]
    images = canvas_lookup(cells, EXPERIMENT.view, title="test")(np.arange(len(cells)))
    head = prepared.model.get_layer("logit")
    logits = prepared.model.predict(images, verbose=0)
    np.testing.assert_allclose(
        features @ head.kernel.numpy() + head.bias.numpy(), logits, atol=1e-3
    )
    first, *lines = (folder / "labels.tsv").read_text().splitlines()
    assert first == "class\tcalled\tscore\tpatient" and len(lines) == len(cells)
    for line, label, score in zip(
        lines, predictions.labels, predictions.calibrated_scores, strict=True
    ):
        expected = ["HEM", "ALL"][label], ["HEM", "ALL"][int(score >= 0.45)], f"{score:.3f}"
        *found, patient = line.split("\t")
        assert tuple(found) == expected and re.fullmatch(r"(ALL|HEM)-\d\d", patient)
    sprite = tf.io.decode_png((folder / "sprite.png").read_bytes()).numpy()
    across = int(np.ceil(np.sqrt(len(cells))))
    assert sprite.shape == (64 * across, 64 * across, 3)
    row, column = divmod(len(cells) - 1, across)
    last = sprite[64 * row : 64 * (row + 1), 64 * column : 64 * (column + 1)]
    expected = np.rint(tf.image.resize(images[-1], (64, 64), antialias=True))
    np.testing.assert_allclose(last, expected, atol=1)


def test_less_is_written_where_less_is_asked_for(prepared, results, run, tmp_path):
    assert set(AMOUNTS) == set(choices.TENSORBOARD)
    folder = tmp_path / "tensorboard/selection"
    shutil.copytree(run / "tensorboard/selection/projector", folder / "projector")
    show_run(tmp_path, prepared, results, amount="scalars")
    (path,) = folder.iterdir()
    assert path.name.startswith("events")
    tags = EventAccumulator(str(folder)).Reload().Tags()["tensors"]
    assert not any(tag.startswith("pictures, cells") for tag in tags)


def test_nobody_and_no_file_is_named(run, prepared):
    files = [path for path in (run / "tensorboard").rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    images = {Path(name).stem for name in prepared.data.selection.names}
    assert all(stem.startswith("UID_") for stem in images)
    for secret in images | {"UID", "somebody", str(run)}:
        assert secret.encode() not in content
    words = set((run / "tensorboard/selection/projector/labels.tsv").read_text().split())
    assert not words & {*prepared.data.selection.patients, *prepared.data.selection.groups}


def test_run_has_its_name_also_where_its_folder_is_a_dot(prepared, results, tmp_path, monkeypatch):
    (tmp_path / "runs/mine/above").mkdir(parents=True)
    for folder, path in (("mine", "."), ("mine/above", ".."), ("mine/above", "../../mine")):
        names = []
        monkeypatch.chdir(tmp_path / "runs" / folder)
        monkeypatch.setattr(write, "write_session", lambda *_, name, to=names: to.append(name))
        show_run(Path(path), prepared, results, amount="scalars")
        assert names == ["runs/mine"]
