"""A model that only measures a cell is told so, and one that knows more is not."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from all_tf.analysis.alterations import SILHOUETTE
from all_tf.analysis.probe_comparison import ALTERED, TRIVIAL, Probe, compare_with_probes
from all_tf.metrics.predictions import Predictions

CELLS_A_GROUP = 20


def predictions(logits, *, num_groups=(12, 12)) -> Predictions:
    """Of groups of twenty cells, those of HEM first."""
    groups = np.repeat(np.arange(sum(num_groups)), CELLS_A_GROUP).astype(str)
    labels = np.repeat((0, 1), CELLS_A_GROUP * np.array(num_groups))
    names = np.arange(len(groups)).astype(str)
    return Predictions(names, groups, groups, labels, np.asarray(logits(labels), np.float64))


def measured_with_noise(strength: float, *, seed: int):
    """Logits that follow a hidden number of the cells, and noise of their own."""

    def logits(labels):
        noise = np.random.default_rng(seed).standard_normal(len(labels))
        return strength * (labels - 0.5) + noise

    return logits


def rival(own: Predictions, logits, *, name="size", what="cell size", kind=TRIVIAL) -> Probe:
    return Probe(name, kind, what, replace(own, logits=logits, calibrated_scores=None))


def test_figures_are_scikit_learns_and_the_margin_their_difference():
    own = predictions(measured_with_noise(1.5, seed=0))
    size = rival(own, measured_with_noise(0.5, seed=1)(own.labels))
    result = compare_with_probes(own, [size], threshold=0.6, draws=50)
    (row,) = result["probes"]
    assert result["model"]["auc"] == pytest.approx(roc_auc_score(own.labels, own.logits))
    assert row["auc"] == pytest.approx(roc_auc_score(own.labels, size.predictions.logits))
    assert row["margin"] == result["model"]["auc"] - row["auc"]
    kappas = [cohen_kappa_score(own.labels, own.scores >= 0.6),
              cohen_kappa_score(own.labels, size.predictions.logits >= 0)]  # fmt: skip
    assert [result["model"]["kappa"], row["kappa"]] == pytest.approx(kappas)


def test_interval_of_the_margin_is_that_of_paired_draws():
    own = predictions(measured_with_noise(1.5, seed=0))
    twin = rival(own, own.logits * 2 - 1)  # The same order of cells, whatever patients are drawn.
    result = compare_with_probes(own, [twin], draws=200)
    assert result["margin"] == result["margin_low"] == result["margin_high"] == 0
    assert result["model"]["auc_low"] < result["model"]["auc"] < result["model"]["auc_high"]


def test_model_that_only_measures_size_is_told_so():
    own = predictions(measured_with_noise(1.5, seed=0))
    noise = 0.1 * np.random.default_rng(3).standard_normal(len(own.labels))
    size, colour = rival(own, own.logits), rival(own, -own.logits, name="colour", what="colour")
    result = compare_with_probes(replace(own, logits=own.logits + noise), [colour, size], draws=200)
    assert result["best_probe"] == "size" and result["margin_low"] <= 0 <= result["margin_high"]
    assert result["verdict"].startswith("This model is not shown to know more than cell size. ")


def test_model_that_knows_more_than_every_probe_passes():
    own = predictions(measured_with_noise(3.0, seed=0))
    probes = [rival(own, measured_with_noise(0.5, seed=n)(own.labels)) for n in (1, 2)]
    result = compare_with_probes(own, probes, draws=200)
    assert result["margin_low"] > 0
    assert result["verdict"].startswith("This model knows more than size, colour and border tell. ")


def test_model_below_a_probe_is_told_that_it_knows_less():
    own = predictions(measured_with_noise(0.2, seed=0))
    size = rival(own, measured_with_noise(3.0, seed=1)(own.labels))
    verdict = compare_with_probes(own, [size], draws=200)["verdict"]
    assert verdict.startswith("This model knows less than cell size. AUROC 0.5")


def test_with_few_groups_no_interval_and_no_claim():
    own = predictions(measured_with_noise(3.0, seed=0), num_groups=(1, 6))
    result = compare_with_probes(own, [rival(own, -own.logits)], draws=50)
    assert result["margin"] > 0.9 and result["margin_low"] is result["margin_high"] is None
    assert result["model"]["auc_low"] is None and result["num_groups_hem"] == 1
    assert result["verdict"].startswith("It is not known whether this model knows more than")
    assert "(not estimable: 1 group of HEM)." in result["verdict"]


@pytest.mark.parametrize(("strength", "may_add_nothing"), [(0.3, False), (3.0, True)])
def test_silhouettes_are_judged_as_long_as_an_interval_allows(strength, may_add_nothing):
    own = predictions(measured_with_noise(3.0, seed=0))
    poorer = measured_with_noise(strength, seed=0)(own.labels)
    silhouettes = rival(own, poorer, name=SILHOUETTE, what="silhouettes", kind=ALTERED)
    trivial = rival(own, np.zeros(len(poorer)))
    verdict = compare_with_probes(own, [trivial, silhouettes], draws=200)["verdict"]
    assert "Shown silhouettes it has AUROC" in verdict
    assert ("may add nothing" in verdict) == may_add_nothing
