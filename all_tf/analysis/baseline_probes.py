"""Simple classifiers: of the class from size, colour or border, and of the patient group."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from all_tf.analysis.probe_comparison import TRIVIAL, Probe
from all_tf.data.cell_features import CELL_FEATURES
from all_tf.metrics.predictions import Predictions, logistic

_FOLDS = 5
_LEAST_CELLS = _FOLDS  # Of a patient group that is classified: one cell in each fold.
_MOST_DIRECTIONS = 64
_ROUNDING = 1e-6  # Relative rounding error of a float32: smaller differences are ignored.
_CELLS_A_DIRECTION = 4  # At least: as many directions as cells would separate any groups.


class Shortcut(NamedTuple):
    """The features that a trivial probe uses."""

    groups: tuple[str, ...]  # Keys of `CELL_FEATURES`.
    what: str  # The same as a noun phrase for sentences.


SHORTCUTS: dict[str, Shortcut] = {
    "majority": Shortcut((), "the more common class"),
    "size": Shortcut(("size",), "cell size"),
    "colour": Shortcut(("colour",), "cell colour"),
    "border": Shortcut(("border",), "the colour of the border"),
    "together": Shortcut(tuple(CELL_FEATURES), "size, colour and border together"),
}


class Measured(NamedTuple):
    """Features and labels of some cells; row i of every array is one cell."""

    features: Mapping[str, np.ndarray]  # float64 (n,) by name, as in `CELL_FEATURES`.
    labels: np.ndarray  # int64 (n,) in {0, 1}.

    def matrix(self, groups: Sequence[str]) -> np.ndarray:
        """Return the features of some groups of `CELL_FEATURES`: float64 `(n, k)`."""
        names = [name for group in groups for name in CELL_FEATURES[group]]
        return np.stack([self.features[name] for name in names], axis=1)


def trivial_probes(learnt: Measured, scored: Measured, predictions: Predictions) -> list[Probe]:
    """Fit logistic regressions on `SHORTCUTS` to the training cells and score other cells.

    No setting is tuned: features have mean 0 and deviation 1, classes equal weight, and the penalty
    is scikit-learn's default. The features are measured at native scale, whatever the network's
    view is.

    Args:
        learnt: The training cells of the network.
        scored: The cells to score.
        predictions: The network's predictions for these; the probes take patients and labels from
            them.
    """
    return [
        Probe(
            name,
            TRIVIAL,
            shortcut.what,
            _with_logits(predictions, _fit_and_score(learnt, scored, shortcut.groups)),
        )
        for name, shortcut in SHORTCUTS.items()
    ]


def _with_logits(predictions: Predictions, logits: np.ndarray) -> Predictions:
    return replace(predictions, logits=logits, calibrated_scores=logistic(logits))


def _fit_and_score(learnt: Measured, scored: Measured, groups: Sequence[str]) -> np.ndarray:
    if not groups:
        share = np.mean(learnt.labels)
        return np.full(len(scored.labels), np.log(share / (1 - share)))
    # Equal class weights, because otherwise kappa falls if the frequency of a class differs.
    classifier = LogisticRegression(class_weight="balanced", max_iter=10_000)
    model = make_pipeline(StandardScaler(), classifier)
    return model.fit(learnt.matrix(groups), learnt.labels).decision_function(scored.matrix(groups))


def patient_identity(features: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> dict:
    """Measure how well a linear classifier identifies patient groups of one class by features.

    It is a linear discriminant analysis with equal priors on the principal components of the
    features, cross-validated over cells: the scored fold holds other cells of the same patients.
    If features identify the patient, a network can learn the diagnosis by way of the patient.

    Args:
        features: float64 `(n, k)`, features of the cells.
        groups: str `(n,)`, patient groups; those with fewer than five cells are left out.
        seed: Seed of the folds.

    Returns:
        `num_groups` and `num_images` that were classified; `balanced_accuracy`, the mean over
        groups of the share of cells classified correctly; `chance`, that of a guess. The last two
        are None if there are fewer than two groups, and equal if no feature varies.
    """
    _, group_of_cell, counts = np.unique(groups, return_inverse=True, return_counts=True)
    kept = counts[group_of_cell] >= _LEAST_CELLS
    features, group_of_cell = features[kept], group_of_cell[kept]
    num_groups = int(np.sum(counts >= _LEAST_CELLS))
    result = {"num_groups": num_groups, "num_images": len(features)}
    if num_groups < 2:
        return result | {"balanced_accuracy": None, "chance": None}
    spread = np.std(features, axis=0)
    features = features[:, spread > _ROUNDING * np.max(np.abs(features), axis=0)]
    if not features.shape[1]:  # The network gives every cell the same features.
        return result | {"balanced_accuracy": 1 / num_groups, "chance": 1 / num_groups}
    allowed = max(1, len(features) // _CELLS_A_DIRECTION)
    directions = min(_MOST_DIRECTIONS, features.shape[1], allowed)
    classifier = make_pipeline(
        StandardScaler(),
        PCA(directions, random_state=seed),
        LinearDiscriminantAnalysis(priors=np.full(num_groups, 1 / num_groups)),
    )
    shares = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(1):  # For such small matrices several threads are slower.
        found = cross_val_predict(classifier, features, group_of_cell, cv=shares)
    accuracy = float(balanced_accuracy_score(group_of_cell, found))
    return result | {"balanced_accuracy": accuracy, "chance": 1 / num_groups}
