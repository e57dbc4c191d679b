"""The distance from training cells: its limit refuses one in twenty known cells, and far ones."""

from dataclasses import replace

import numpy as np
import pytest

from all_tf.data.cells import Cells
from all_tf.data.splits import load_data
from all_tf.evaluation.known_cells import (
    compare_features,
    fit_known_features,
    learn_known_cells,
    load_known_cells,
)
from all_tf.evaluation.predict import batches_to_score, predict, predict_with_features
from all_tf.evaluation.run_weights import load_run
from all_tf.runs.folder import RunError
from all_tf.runs.known_cells_file import KNOWN_CELLS_FILE
from builders.registry import build_model
from tests.untrained import EXPERIMENT, write_run


def some_cells(groups) -> Cells:
    groups = np.array(groups)
    labels = np.arange(len(groups)) % 2
    empty = np.full(len(groups), "")
    return Cells(empty, labels, groups, groups, empty, empty, labels)


def test_limit_refuses_one_in_twenty_of_the_cells_that_it_is_set_on():
    rng = np.random.default_rng(0)
    features, others, new, far = (
        rng.normal(shift, 1, (number, 12)).astype(np.float32)
        for shift, number in ((0, 300), (0, 400), (0, 400), (6, 50))
    )
    cells = some_cells([f"p{n % 10}" for n in range(300)])
    known = fit_known_features(features, cells, others, limit_from="train fold 0")
    assert known.num_limit_cells == 400 and known.limit_from == "train fold 0"
    assert np.mean(compare_features(known, others)[0] > 1) == pytest.approx(0.05, abs=0.005)
    assert np.mean(compare_features(known, new)[0] > 1) < 0.1
    assert np.all(compare_features(known, far)[0] > 1)


def test_nearest_patient_is_that_of_the_nearest_cell_by_pseudonym():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(40, 6)).astype(np.float32)
    cells = some_cells([f"SECRET{n % 4}" for n in range(40)])
    known = fit_known_features(features, cells, features, limit_from="x")
    _, names = compare_features(known, features)
    by_patient = {}
    for patient, name in zip(cells.patients, names, strict=True):
        by_patient.setdefault(patient, set()).add(name)
    assert [len(found) for found in by_patient.values()] == [1] * 4
    assert len(set.union(*by_patient.values())) == 4 and "SECRET" not in str(names)


def test_without_a_fold_each_patient_is_compared_with_the_others():
    rng = np.random.default_rng(2)
    centres = rng.normal(0, 10, (5, 4))
    features = np.repeat(centres, 8, axis=0) + rng.normal(0, 0.01, (40, 4))
    cells = some_cells(np.repeat([f"p{n}" for n in range(5)], 8))
    known = fit_known_features(features.astype(np.float32), cells, None, limit_from="x")
    own = fit_known_features(features.astype(np.float32), cells, features, limit_from="x")
    assert known.limit > 100 * own.limit  # Cells of one patient are much alike.
    assert fit_known_features(features, some_cells(["a"] * 40), None, limit_from="x").limit == 0


def test_channels_that_never_vary_do_not_matter():
    features = np.random.default_rng(3).normal(size=(30, 5)).astype(np.float32)
    features[:, 2] = 0  # Dead under ReLU.
    known = fit_known_features(features, some_cells(["a"] * 30), features, limit_from="x")
    for new in (features, features + np.float32([0.1, 0.1, 0, 0.1, 0.1])):
        expected, _ = compare_features(known, new)
        found, _ = compare_features(known, new + np.float32([0, 0, 0.1, 0, 0]))
        np.testing.assert_array_equal(found, expected)
    assert expected.min() > 0


@pytest.fixture(scope="module")
def learnt(records, tmp_path_factory):
    """A run that knows its training cells, its network and its data."""
    run = write_run(tmp_path_factory.mktemp("runs") / "run", records)
    model = load_run(run).model
    data = load_data(EXPERIMENT, records)
    batches = batches_to_score(data.selection, EXPERIMENT, title="x")
    _, features = predict_with_features(model, batches, data.selection)
    learn_known_cells(run, model, data, EXPERIMENT, features)
    return run, model, data, features


def test_run_keeps_its_training_cells_by_pseudonym_and_the_limit_of_its_fold(learnt):
    run, model, data, features = learnt
    known = load_known_cells(run, model)
    assert known.features.limit_from == "train fold 0"
    assert known.features.num_limit_cells == len(data.selection)
    assert len(known.features.cells) == len(data.fit)
    assert len(known.features.patients) == len(set(data.fit.patients))
    assert np.mean(compare_features(known.features, features)[0] > 1) <= 0.1
    assert (run / KNOWN_CELLS_FILE).stat().st_size < 200_000


def test_refit_has_a_limit_from_the_other_patients(learnt, tmp_path):
    _, model, data, features = learnt
    learn_known_cells(tmp_path, model, data, replace(EXPERIMENT, fold=None), features)
    assert load_known_cells(tmp_path, model).features.limit_from.startswith("train, each patient")


def test_features_come_with_the_same_logits(learnt):
    _, model, data, features = learnt
    batches = batches_to_score(data.selection, EXPERIMENT, title="x")
    both, found = predict_with_features(model, batches, data.selection)
    alone = predict(model, batches, data.selection)
    np.testing.assert_allclose(both.logits, alone.logits, atol=1e-6)
    assert found.shape == features.shape and found.dtype == np.float32


def test_file_of_other_measures_or_of_another_network_is_refused(learnt):
    run, model, _, _ = learnt
    text = (run / KNOWN_CELLS_FILE).read_text()
    try:
        (run / KNOWN_CELLS_FILE).write_text(text.replace('"focus"', '"fokus"'))
        with pytest.raises(RunError, match="known_cells.json is damaged or from another version"):
            load_known_cells(run, model)
    finally:
        (run / KNOWN_CELLS_FILE).write_text(text)
    other = build_model("cellnet", image_size=32, weights="none")
    with pytest.raises(RunError, match="known_cells.json is damaged or from another version"):
        load_known_cells(run, other)
