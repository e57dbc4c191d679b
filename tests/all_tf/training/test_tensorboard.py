"""TensorBoard shows what a run came to, as the reports have it, and nobody's name."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util.tensor_util import make_ndarray

from all_tf.config import choices
from all_tf.config.choices import DIRECTIONS
from all_tf.config.experiment import Experiment
from all_tf.data.augmentation import build_augment
from all_tf.data.batches import training_batches
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.class_balance import STRATEGIES
from all_tf.data.previews import learnt_batch
from all_tf.data.splits import load_data
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.training.callbacks.epoch_log import TensorBoardScalars
from all_tf.training.prepare import Prepared
from all_tf.training.tensorboard import write
from all_tf.training.tensorboard.write import AMOUNTS, show_run
from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.registry import build_model
from tests.browser import Browser

EXPERIMENT = Experiment(
    "base_cnn",
    image_size=48,
    batch_size=16,
    augment=("hflip", "mixup"),
    weights="/home/somebody/mine.weights.h5",
)
RECORDS = {"records_name": "Kyiv, 2026", "records_sha256": "0123456789abcdef" * 4}
OF = ", Kyiv, 2026 (0123456789ab)"  # In every tag of a scored set.
ROLES = {
    "selection": {"split": "train", "fold": 0, "stamps": ["optimistic"]},
    "held out": {"split": "validation", "fold": None, "stamps": []},
}


def result(cells, role: str, *, seed: int) -> tuple[Predictions, dict]:
    """What a network might say of some cells, and a report of it."""
    logits = np.random.default_rng(seed).normal(2.0 * cells.labels - 1, 1.5)
    predictions = Predictions(cells.names, cells.patients, cells.groups, cells.labels, logits)
    predictions = Calibration(temperature=2.0, bias=0.1).apply(predictions)
    report = RECORDS | ROLES[role] | {"best_epoch": 3, "threshold": 0.45}
    return predictions, report | all_metrics(predictions, threshold=0.45)


@pytest.fixture(scope="module")
def prepared(records) -> Prepared:
    """A run whose network has learnt nothing."""
    data = load_data(EXPERIMENT, records)
    model = build_model("base_cnn", image_size=48, weights="none")
    classifier = build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer="sgd")
    return Prepared(EXPERIMENT, data, STRATEGIES["oversample"](data.fit.counts), classifier)


@pytest.fixture(scope="module")
def results(prepared):
    data = prepared.data
    return {
        "selection": result(data.selection, "selection", seed=1),
        "held out": result(data.held_out, "held out", seed=2),
    }


@pytest.fixture(scope="module")
def run(prepared, results, tmp_path_factory) -> Path:
    """Three epochs, and what they came to, written twice as by two processes."""
    path = tmp_path_factory.mktemp("runs") / "first"
    note_epochs(path)
    for amount in ("scalars", "full"):
        show_run(path, prepared, results, amount=amount)
    return path


def note_epochs(run: Path) -> None:
    noted = TensorBoardScalars(run / "tensorboard", records=OF.removeprefix(", "))
    noted.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
    noted.on_train_begin()
    for epoch in range(3):
        logs = {f"{of}{key}": epoch / 4 for key in DIRECTIONS for of in ("", "val_")}
        noted.on_epoch_end(epoch, logs | {"images_per_second": 9.0})
    noted.on_train_end()


@pytest.fixture(scope="module")
def events(run):
    return EventAccumulator(str(run / "tensorboard")).Reload()


def value_of(events, tag: str) -> np.ndarray:
    (event,) = events.Tensors(tag)
    assert event.step == 3
    return make_ndarray(event.tensor_proto)


def test_figures_are_those_of_the_reports_and_there_once(events, results):
    for role, (_, report) in results.items():
        for key in ("f1", "kappa", "auc", "log_loss"):
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
    row = row_of(EventAccumulator(str(tmp_path / "tensorboard")).Reload())
    assert tuple(row.hparams[key].string_value for key in given) == shown


def test_pictures_are_of_both_sets_and_of_cells(events):
    tags = {tag for tag in events.Tags()["tensors"] if tag.startswith("pictures")}
    figures = ("confusion", "ROC", "precision and recall", "reliability", "patients")
    mistakes = ("ALL called HEM: leukaemia that was missed", "HEM called ALL: false alarms")
    cells = {f"pictures, cells/{name}" for name in (*mistakes, "learnt from")}
    assert tags == cells | {f"pictures, {role}{OF}/{name}" for role in ROLES for name in figures}
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
    chosen = f"train fold 0 {of}, epoch 3, threshold 0.450 [optimistic]"
    assert written[f"pictures, selection{OF}/ROC"][0] == chosen
    assert written[f"pictures, held out{OF}/ROC"][0] == (
        f"validation {of}, epoch 3, threshold 0.450"
    )
    title = written["pictures, cells/HEM called ALL: false alarms"][0]
    assert chosen in title and re.search(r"\d+ of \d+;", title)


@pytest.mark.parametrize("folder", ["train", "validation"])
def test_chart_of_the_epochs_says_which_records_it_is_of(run, folder):
    charts = EventAccumulator(str(run / "tensorboard" / folder)).Reload()
    tags = charts.Tags()["tensors"]
    described = {charts.SummaryMetadata(tag).summary_description for tag in tags}
    assert len(tags) > 5 and described == {"Kyiv, 2026 (0123456789ab)"}


def test_text_says_which_records_and_classes_the_sets_have(events):
    for role in ROLES:
        text = value_of(events, f"records, {role}").item().decode()
        assert "of Kyiv, 2026 (0123456789ab)" in text and "ALL (positive), HEM" in text


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
    assert shown == [f"{score:.3f}" for score in scores[worst][:16]]
    cell = canvas_lookup(prepared.data.selection, EXPERIMENT.view, title="test")(worst[:1])[0]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), cell)


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
    folder = run / "tensorboard/projector"
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
    shutil.copytree(run / "tensorboard/projector", tmp_path / "tensorboard/projector")
    show_run(tmp_path, prepared, results, amount="scalars")
    (path,) = (tmp_path / "tensorboard").iterdir()
    assert path.name.startswith("events")
    tags = EventAccumulator(str(tmp_path / "tensorboard")).Reload().Tags()["tensors"]
    assert not any(tag.startswith("pictures, cells") for tag in tags)


def test_nobody_and_no_file_is_named(run, prepared):
    files = [path for path in (run / "tensorboard").rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    images = {Path(name).stem for name in prepared.data.selection.names}
    assert all(stem.startswith("UID_") for stem in images)
    for secret in images | {"UID", "somebody", str(run)}:
        assert secret.encode() not in content
    words = set((run / "tensorboard/projector/labels.tsv").read_text().split())
    assert not words & {*prepared.data.selection.patients, *prepared.data.selection.groups}


@contextmanager
def served(logdir: Path) -> Iterator[str]:
    """The address of a TensorBoard of its own, once it has found everything to show."""
    options = ("--logdir", logdir, "--port", "0", "--host", "127.0.0.1")
    with subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", *options], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            (url,) = next(
                found for line in process.stderr if (found := re.findall(r"http://127\S+", line))
            )
            wanted = {"timeseries", "images", "pr_curves", "hparams", "projector"}
            deadline = time.monotonic() + 60
            while missing := wanted - active_plugins(url):
                assert time.monotonic() < deadline, f"TensorBoard has nothing for {missing}"
                time.sleep(0.3)
            yield url
        finally:
            process.terminate()
            process.stderr.close()


def active_plugins(url: str) -> set[str]:
    with urlopen(f"{url}data/plugins_listing", timeout=30) as answer:
        return {name for name, plugin in json.load(answer).items() if plugin["enabled"]}


# Clicks on a tab as soon as there is one of that name.
CLICK = """
const tabs = [...document.querySelectorAll('.plugin-name')];
const tab = tabs.find((tab) => tab.textContent.trim() === arguments[0]);
tab?.click();
return Boolean(tab);
"""
# Elements of a kind in whatever shadow root: for images how wide they are, else how long paths are.
SIZES = """
const found = [];
const walk = (node) => {
  if (node.matches?.(arguments[0])) found.push(node.naturalWidth ?? node.getTotalLength());
  for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child);
};
walk(document.body);
return found.length >= arguments[1] && found.every((size) => size > 0) ? found : null;
"""


@pytest.mark.slow
def test_tabs_of_a_real_tensorboard_show_the_runs(run, prepared, results, tmp_path):
    note_epochs(run.parent / "second")
    swapped = {role: result(prepared.data.selection, role, seed=7) for role in ROLES}
    show_run(run.parent / "second", prepared, swapped, amount="scalars")
    both = {"first": results, "second": swapped}
    with Browser(tmp_path) as browser, served(run.parent) as url:
        browser.open(url)
        text = browser.wait_for(
            r" f1 .* kappa .* learning_rate loss more ",  # From top to bottom.
            *(
                rf"{name}/tensorboard/{of} 0\.\d+ 0\.5 3 "  # Smoothed, value, step.
                for name in both
                for of in ("train", "validation")
            ),
        )
        assert "UID" not in text

        browser.until(CLICK, "images")
        browser.wait_for(
            r"tag: pictures, cells/learnt from step 3",
            *(
                rf"held out{re.escape(OF)}/{tag} {n}/tensorboard"
                for n in both
                for tag in ("ROC", "patients")
            ),
        )
        assert 462 in browser.until(SIZES, "img[src*=individualImage]", 13)  # 4.2 inches.

        browser.until(CLICK, "PR Curves")
        browser.wait_for(
            *(rf"tag: {role}{re.escape(OF)}/pr_curves" for role in ROLES),
            *(f"{name}/tensorboard is at step 3" for name in both),
        )

        browser.until(CLICK, "hparams")
        browser.wait_for(
            *(
                rf"{run.parent.name}/{name} base_cnn hflip, mixup 48\.000 none 0\.0010000 "
                + " ".join(shown(said[role][1][key]) for key in ("f1", "kappa") for role in ROLES)
                for name, said in both.items()
            )
        )

        browser.until(CLICK, "projector")
        num_cells, num_features = (
            len(prepared.data.selection),
            prepared.model.layers[-1].kernel.shape[0],
        )
        browser.wait_for(
            rf"pooled features {num_cells}x{num_features}",
            rf"Points: {num_cells} Dimension: {num_features}",
            r"class 2 colors called 2 colors score \d+ .*colors patient \d+ colors",
        )
        query = "data/plugin/projector/sprite_image?run=first/tensorboard&name=pooled%20features"
        with urlopen(url + query, timeout=30) as answer:
            assert answer.read() == (run / "tensorboard/projector/sprite.png").read_bytes()


def shown(figure: float) -> str:
    """A pattern for a figure as the table of HParams has it: five digits, then zeros."""
    return re.escape(f"{figure:.5g}") + "0*"


def test_run_has_its_name_also_where_its_folder_is_a_dot(prepared, results, tmp_path, monkeypatch):
    (tmp_path / "runs/mine/above").mkdir(parents=True)
    for folder, path in (("mine", "."), ("mine/above", ".."), ("mine/above", "../../mine")):
        names = []
        monkeypatch.chdir(tmp_path / "runs" / folder)
        monkeypatch.setattr(write, "write_session", lambda *_, name, to=names: to.append(name))
        show_run(Path(path), prepared, results, amount="scalars")
        assert names == ["runs/mine"]
