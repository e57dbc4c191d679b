"""What the trivial probes and the search for the patient find is what was put there."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from all_tf.analysis.baseline_probes import SHORTCUTS, Measured, patient_identity, trivial_probes
from all_tf.data.cell_features import CELL_FEATURES
from all_tf.metrics.predictions import Predictions

NAMES = [name for group in CELL_FEATURES.values() for name in group]


def measured(seed: int, **strength_of_feature: float) -> Measured:
    """Noise, but for the features that follow the class; in units far apart."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 300)
    features = {name: rng.standard_normal(300) for name in NAMES}
    for name, strength in strength_of_feature.items():
        features[name] = 1e4 * (features[name] + strength * labels)
    return Measured(features, labels)


def probes_of(learnt: Measured, scored: Measured) -> dict:
    names = np.arange(len(scored.labels)).astype(str)
    own = Predictions(names, names, names, scored.labels, np.zeros(len(names)))
    return {probe.name: probe.predictions for probe in trivial_probes(learnt, scored, own)}


def aucs(learnt: Measured, scored: Measured) -> dict:
    return {
        name: roc_auc_score(scored.labels, predictions.logits)
        for name, predictions in probes_of(learnt, scored).items()
    }


@pytest.mark.parametrize(
    ("name", "feature"), [("size", "area"), ("colour", "mean_blue"), ("border", "ring2_red")]
)
def test_each_probe_finds_what_lies_in_its_own_features_and_no_other_does(name, feature):
    found = aucs(measured(0, **{feature: 2.0}), measured(1, **{feature: 2.0}))
    assert set(found) == set(SHORTCUTS) and found["majority"] == 0.5
    assert found[name] > 0.9 and found["together"] > 0.9
    assert all(found[other] < 0.65 for other in {"size", "colour", "border"} - {name})


def test_probes_are_fitted_on_what_the_network_learnt_from_alone():
    found = aucs(measured(0, area=-2.0), measured(1, area=2.0))
    assert found["size"] < 0.1


def test_majority_calls_every_cell_as_often_as_the_class_was_met():
    learnt, scored = measured(0), measured(1)
    scores = probes_of(learnt, scored)["majority"].scores
    np.testing.assert_allclose(scores, learnt.labels.mean())


def test_patients_whose_cells_differ_are_told_apart_and_others_by_chance_alone():
    rng = np.random.default_rng(0)
    groups = np.repeat(["a", "b", "c", "rare"], (100, 60, 30, 4))
    noise = rng.standard_normal((len(groups), 200))
    assert patient_identity(noise, groups)["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.15)
    signal = 2.0 * rng.standard_normal((4, 200))[np.unique(groups, return_inverse=True)[1]]
    result = patient_identity(noise + signal, groups)
    assert result["balanced_accuracy"] > 0.95 and result["chance"] == pytest.approx(1 / 3)
    assert result["num_groups"] == 3 and result["num_images"] == 190


def test_network_that_makes_the_same_of_every_cell_tells_patients_apart_by_chance():
    groups = np.repeat(["a", "b"], 25)
    same = np.full((50, 3), 0.1) + 1e-9 * np.random.default_rng(0).standard_normal((50, 3))
    assert patient_identity(same, groups)["balanced_accuracy"] == 0.5


def test_one_patient_cannot_be_told_from_others():
    result = patient_identity(np.zeros((29, 2)), np.repeat(["a", "b"], (25, 4)))
    assert result == {
        "num_groups": 1,
        "num_images": 25,
        "balanced_accuracy": None,
        "chance": None,
    }
