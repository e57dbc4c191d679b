"""A training that begins from a run says so, and what that run has learnt from is found out."""

import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

from all_tf.config.experiment import Experiment
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.run_weights import BEST_FILE
from all_tf.launch.asked import ask
from all_tf.launch.cross_validate import begin, plan_refit
from all_tf.launch.options import parse_options
from all_tf.launch.preconditions import require_startable
from all_tf.reports.html_report.prose import STAMPS
from all_tf.reports.html_report.write import write_report
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import EvaluationSet, RunError
from all_tf.runs.parent import parent_folder, read_parent
from all_tf.runs.training_images import (
    PARENT_IMAGES_FILE,
    by_use,
    read_training_images,
)
from all_tf.runs.verification import verify
from all_tf.system.checks import ConfigError
from all_tf.training.train import resume, train
from builders.registry import build_model
from tests.integration.test_other_records import drawn, own_cells, pack
from tfrecords.store.manifest import digest_file

EXPERIMENT = Experiment("base_cnn", image_size=32, weights="none", epochs=1, batch_size=64)
LEARNT = "learnt by its parent"
CHOSEN = "selection set of its parent"
OF_PARENT = {LEARNT, CHOSEN, "patient ids of its parent", "training images of its parent unknown"}


@pytest.fixture(scope="module")
def parent(records, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "parent"
    train(EXPERIMENT, records, run)
    return run


@pytest.fixture(scope="module")
def child(parent, records, tmp_path_factory):
    """Of another fold than its parent: one that the parent has learnt from."""
    run = tmp_path_factory.mktemp("runs") / "child"
    train(from_run(parent, fold=1), records, run)
    return run


def from_run(run, **more) -> Experiment:
    return replace(EXPERIMENT, weights=str(run), **more)


def read_json(path):
    return json.loads(path.read_text())


def drift_of(run) -> list[str]:
    return [line for checked in verify(run) for line in checked.drift]


def test_training_begins_with_the_whole_network_of_the_run(parent, records, tmp_path, capsys):
    """At a learning rate of nearly 0 it ends with it, too."""
    still = from_run(parent, learning_rate=1e-12, augment=())
    train(still, records, tmp_path / "run")
    assert "whole model of base_cnn" in capsys.readouterr().out
    one, other = (build_model("base_cnn", image_size=32, weights="none") for _ in range(2))
    one.load_weights(parent / BEST_FILE)
    other.load_weights(tmp_path / "run" / BEST_FILE)
    for mine, theirs in zip(one.trainable_weights, other.trainable_weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), atol=1e-8)
    for folder in ("", "evaluation/validation"):
        assert not OF_PARENT & set(read_json(tmp_path / "run" / folder / "metrics.json")["stamps"])
    assert not drift_of(tmp_path / "run")


def test_parentage_is_noted_in_config_card_and_report(parent, child, records, tmp_path):
    noted = read_json(child / "config.json")["parent"]
    metrics, config = read_json(parent / "metrics.json"), read_json(parent / "config.json")
    assert (noted["run"], noted["records"]) == ("parent", config["records_name"])
    assert noted["weights_sha256"] == metrics["weights_sha256"]
    assert noted["manifest_sha256"] == config["manifest_sha256"]
    for path in write_report(child, tmp_path, cells=False):
        text = path.read_text().replace("&#39;", "'")
        assert "those of the run parent, trained on" in text
        assert metrics["weights_sha256"] in text and noted["run_sha256"] in text


def test_fold_that_the_parent_has_learnt_from_is_not_called_honest(child):
    assert read_json(child / "config.json")["parent"]["stamps"]["train fold 1"] == [LEARNT]
    assert LEARNT in read_json(child / "metrics.json")["stamps"]
    assert LEARNT not in read_json(child / "evaluation/validation/metrics.json")["stamps"]
    assert STAMPS.keys() > OF_PARENT
    assert not drift_of(child)


@pytest.fixture(scope="module")
def chosen_on_validation(records, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "study"
    train(replace(EXPERIMENT, protocol="study"), records, run)
    return run


def test_set_that_the_parents_epoch_was_chosen_on_is_not_called_honest(
    chosen_on_validation, records, tmp_path
):
    child = tmp_path / "child"
    train(from_run(chosen_on_validation), records, child)
    found = set(read_json(child / "evaluation/validation/metrics.json")["stamps"])
    assert found & OF_PARENT == {CHOSEN}
    inherited = by_use(read_parent(from_run(child)).images)
    assert inherited.chosen > read_training_images(chosen_on_validation).chosen
    for path in write_report(child, tmp_path, cells=False):
        assert STAMPS[CHOSEN] in path.read_text()
    assert not drift_of(child)


def test_child_that_chooses_on_the_same_fold_is_optimistic_and_no_more(parent, records, tmp_path):
    train(from_run(parent), records, tmp_path / "child")
    stamps = read_json(tmp_path / "child/metrics.json")["stamps"]
    assert "optimistic" in stamps and CHOSEN not in stamps


def test_trial_of_a_sweep_is_known_in_the_next_generations(parent, records, tmp_path):
    winner, child = shutil.copytree(parent, tmp_path / "winner"), tmp_path / "child"
    sweep = {"trials": 7, "trial": "trial-0003", "metric": "kappa"}
    config = read_json(winner / "config.json") | {"sweep": sweep}
    (winner / "config.json").write_text(json.dumps(config))
    write_checksums(winner)
    train(from_run(winner), records, child)
    report = read_json(child / "evaluation/validation/metrics.json")
    assert "chosen among 7 trials" in report["stamps"]
    assert not drift_of(child)
    assert read_parent(from_run(child)).facts["sweep"] == sweep


def test_verify_misses_the_caveat_where_it_was_taken_away(child, tmp_path):
    run = shutil.copytree(child, tmp_path / "run")
    report = read_json(run / "metrics.json")
    report["stamps"].remove(LEARNT)
    (run / "metrics.json").write_text(json.dumps(report))
    write_checksums(run)
    assert any(f"the report lacks '{LEARNT}'" in line for line in drift_of(run))


def test_cells_of_other_records_that_the_parent_has_learnt_from_are_found(
    parent, records, tmp_path
):
    """The child has never seen them itself, and neither has it in the next generation."""
    other = tmp_path / "own"
    pack([("x" + p, label, image) for p, label, image in own_cells(records, "train")[:40]], other)
    child = tmp_path / "child"
    train(from_run(parent, limit_train=2, fold=1), records, child)
    train(from_run(child, limit_train=2, fold=2), records, tmp_path / "grandchild")
    for run in (child, tmp_path / "grandchild"):
        _, report = evaluate_run(run, EvaluationSet("validation", records=other))
        assert LEARNT in report["stamps"]
        assert not drift_of(run)
    known = read_training_images(tmp_path / "grandchild", file=PARENT_IMAGES_FILE)
    assert known.pixels >= read_training_images(parent).pixels


def test_ids_of_the_parents_patients_are_named_in_other_records(child, tmp_path):
    patient = sorted(read_training_images(child, file=PARENT_IMAGES_FILE).patients)[0]
    cells = drawn("abcdef")
    pack([(patient, *cells[0][1:]), *cells[1:]], tmp_path / "own")
    _, report = evaluate_run(child, EvaluationSet("validation", records=tmp_path / "own"))
    assert "patient ids of its parent" in report["stamps"] and LEARNT not in report["stamps"]


def test_parent_that_lists_no_images_is_unknown(parent, records, tmp_path):
    old = shutil.copytree(parent, tmp_path / "old")
    (old / "training_images.csv").unlink()
    write_checksums(old)
    train(from_run(old), records, tmp_path / "run")
    report = read_json(tmp_path / "run/evaluation/validation/metrics.json")
    assert OF_PARENT & set(report["stamps"]) == {"training images of its parent unknown"}
    assert not drift_of(tmp_path / "run")


def test_what_cannot_be_begun_from_is_refused_before_anything_is_loaded(parent, records, tmp_path):
    def refused(weights, error, why, **more):
        with pytest.raises(error, match=why):
            require_startable(from_run(weights, **more), records, tmp_path / "new")

    refused(parent, ConfigError, "is a base_cnn, whose weights fit no other", arch="cellnet")
    refused(tmp_path, RunError, "No run in")
    damaged = shutil.copytree(parent, tmp_path / "damaged")
    (damaged / "config.json").write_text("{}")
    refused(damaged, RunError, "changed since it was written")
    cut = shutil.copytree(parent, tmp_path / "cut")
    (cut / BEST_FILE).write_bytes((cut / BEST_FILE).read_bytes()[:-1])
    refused(cut, RunError, "is not the file that the run ended with")
    folds = tmp_path / "folds"
    folds.mkdir()
    (folds / "cross-validation.json").write_text("{}")
    refused(folds, RunError, "--refit")
    (cut / BEST_FILE).unlink()
    (cut / BEST_FILE).symlink_to(parent / BEST_FILE)
    refused(cut, RunError, "symbolic link")


def test_file_of_a_runs_weights_names_the_run(parent, tmp_path):
    assert parent_folder(str(parent / BEST_FILE)) == parent
    copy = shutil.copyfile(parent / BEST_FILE, tmp_path / "mine.weights.h5")
    assert [parent_folder(str(x)) for x in (copy, "none", "imagenet", "", tmp_path / "no")] == (
        [None] * 5
    )
    assert read_parent(EXPERIMENT) is None


def test_run_that_begins_anew_wants_the_same_parent(parent, child, records, tmp_path):
    mine = shutil.copytree(parent, tmp_path / "parent")
    run = tmp_path / "run"
    shutil.copytree(child, run)
    content = read_json(run / "config.json")
    content["experiment"]["weights"] = str(mine)
    shutil.rmtree(run / "state")
    for name in ("metrics.json", "SHA256SUMS"):
        (run / name).unlink()
    (run / "config.json").write_text(json.dumps(content))
    (run / "status.json").write_text(json.dumps({"state": "interrupted", "epochs_done": 0}))
    metrics = read_json(mine / "metrics.json")
    keras.utils.set_random_seed(5)
    other = build_model("base_cnn", image_size=32, weights="none")
    other.save_weights(mine / BEST_FILE)
    metrics["weights_sha256"] = digest_file(mine / BEST_FILE)
    (mine / "metrics.json").write_text(json.dumps(metrics))
    write_checksums(mine)
    with pytest.raises(RunError, match="is not the network that .* was started from"):
        resume(run)


@pytest.fixture(scope="module")
def two_places(parent, records, tmp_path_factory):
    """A child that names its parent by a relative path, and a folder with another one so called."""
    folder = tmp_path_factory.mktemp("places")
    shutil.copytree(parent, folder / "there/a")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "there")
        train(from_run("a", fold=1), records, folder / "child")
    train(replace(EXPERIMENT, seed=9), records, folder / "here/a")
    return folder


@pytest.fixture
def elsewhere(two_places, monkeypatch):
    monkeypatch.chdir(two_places / "here")
    return two_places


def asked(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["train.py", *map(str, arguments)])
    return ask(parse_options("..."))


@pytest.mark.parametrize("of", ["", "config.json"])
def test_settings_do_not_begin_from_another_network_of_that_name(elsewhere, of, monkeypatch):
    settings = ("--config", elsewhere / "child" / of, "--learning-rate", "0.5")
    for more in ((), ("--fold", "all")):
        with pytest.raises(RunError, match="a/best.weights.h5 is not the network that .*child"):
            asked(monkeypatch, *settings, *more)
    assert asked(monkeypatch, *settings, "--weights", "a").experiment.weights == "a"
    there = elsewhere / "there/a"
    assert asked(monkeypatch, *settings, "--weights", there).experiment.weights == str(there)
    monkeypatch.chdir(elsewhere / "there")
    assert asked(monkeypatch, *settings).experiment.weights == "a"


def test_refit_begins_from_the_network_of_its_folds(elsewhere, records):
    folds = elsewhere / "folds"
    begin(folds, from_run("a"), records=records, options=())
    shutil.copytree(elsewhere / "child", folds / "fold-0")
    joined = folds / "out-of-fold"
    joined.mkdir()
    (joined / "metrics.json").write_text('{"best_epoch": 1}')
    write_checksums(joined)
    with pytest.raises(RunError, match="a/best.weights.h5 is not the network that .*fold-0"):
        plan_refit(folds)
