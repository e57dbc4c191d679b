"""What simple classifiers read off a few numbers: the class off size or colour, the patient too."""

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
from all_tf.metrics.predictions import Predictions

_FOLDS = 5
_LEAST_CELLS = _FOLDS  # Of a group that is to be told from others: one in each fold.
_MOST_DIRECTIONS = 64
_ROUNDING = 1e-6  # Of a float32: features that differ by less do not differ.
_CELLS_A_DIRECTION = 4  # At least: with as many directions as cells any groups could be parted.


class Shortcut(NamedTuple):
    """What a trivial probe may look at."""

    groups: tuple[str, ...]  # Keys of FEATURES.
    what: str  # That is, as a sentence names it.


SHORTCUTS: dict[str, Shortcut] = {
    "majority": Shortcut((), "the more common class"),
    "size": Shortcut(("size",), "cell size"),
    "colour": Shortcut(("colour",), "cell colour"),
    "border": Shortcut(("border",), "the colour of the border"),
    "together": Shortcut(tuple(CELL_FEATURES), "size, colour and border together"),
}


class Measured(NamedTuple):
    """What was measured of some cells; row i of every array is one cell."""

    features: Mapping[
        str, np.ndarray
    ]  # By name, float64 (n,), as `cell_features.cell_features` names.
    labels: np.ndarray  # int64 (n,) in {0, 1}.

    def matrix(self, groups: Sequence[str]) -> np.ndarray:
        """The features of some groups of `CELL_FEATURES`: float64 `(n, k)`."""
        names = [name for group in groups for name in CELL_FEATURES[group]]
        return np.stack([self.features[name] for name in names], axis=1)


def trivial_probes(learnt: Measured, scored: Measured, predictions: Predictions) -> list[Probe]:
    """Logistic regressions on `SHORTCUTS`, fitted on some cells and scored on others.

    Nothing is chosen on any cells: features at mean 0 and deviation 1, classes of equal weight, and
    the penalty that scikit-learn takes when none is named. They know the slide at native scale,
    whatever the network's view of it.

    Args:
        learnt: What the network learnt from.
        scored: What it is judged on.
        predictions: The network's of these; their patients and labels are the probes' too.
    """
    return [
        Probe(
            name,
            TRIVIAL,
            shortcut.what,
            replace(
                predictions,
                logits=_fit_and_score(learnt, scored, shortcut.groups),
                calibrated_scores=None,
            ),
        )
        for name, shortcut in SHORTCUTS.items()
    ]


def _fit_and_score(learnt: Measured, scored: Measured, groups: Sequence[str]) -> np.ndarray:
    if not groups:
        share = np.mean(learnt.labels)
        return np.full(len(scored.labels), np.log(share / (1 - share)))
    # Of equal weight, or kappa would fall wherever ALL is more or less frequent than in training.
    classifier = LogisticRegression(class_weight="balanced", max_iter=10_000)
    model = make_pipeline(StandardScaler(), classifier)
    return model.fit(learnt.matrix(groups), learnt.labels).decision_function(scored.matrix(groups))


def patient_identity(features: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> dict:
    """How well a linear classifier tells patient groups of one class apart, by features of cells.

    Linear discriminant analysis with equal priors on the strongest directions of the features,
    cross-validated over cells: the fold that is scored holds other cells of the same patients.
    Features that carry the patient can carry a diagnosis by way of the patient.

    Args:
        features: float64 `(n, k)`.
        groups: str `(n,)`; those with fewer than five cells are left out.
        seed: Of the shares of the cross-validation.

    Returns:
        `num_groups`, `num_images`, of those that were told apart; `balanced_accuracy`, the mean
        over groups of the share of cells that were given to the right one, and `chance`, that of a
        guess. Both None where there are fewer than two groups; equal where no feature varies.
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
    if not features.shape[1]:  # Of a network that makes the same of every cell.
        return result | {"balanced_accuracy": 1 / num_groups, "chance": 1 / num_groups}
    allowed = max(1, len(features) // _CELLS_A_DIRECTION)
    directions = min(_MOST_DIRECTIONS, features.shape[1], allowed)
    classifier = make_pipeline(
        StandardScaler(),
        PCA(directions, random_state=seed),
        LinearDiscriminantAnalysis(priors=np.full(num_groups, 1 / num_groups)),
    )
    shares = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(1):  # On matrices as small as these threads wait for each other.
        found = cross_val_predict(classifier, features, group_of_cell, cv=shares)
    accuracy = float(balanced_accuracy_score(group_of_cell, found))
    return result | {"balanced_accuracy": accuracy, "chance": 1 / num_groups}
