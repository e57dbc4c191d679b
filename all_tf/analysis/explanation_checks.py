"""Choice of cells for heat maps, and checks whether the maps can be trusted; numpy and scipy."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from all_tf.metrics.predictions import Predictions
from all_tf.system.tables import per_cent
from tfrecords.class_names import CNMC_CLASSES, ClassNames

_RIGHT, _WRONG, _RANDOM = "most confident right", "worst wrong", "drawn at random"
_PARTLY, _MUCH = 0.3, 0.5  # Mean rank correlations above which maps count as similar.
ALL_LAYERS = "all layers"


@dataclass(frozen=True)
class Pick:
    """A cell to be explained, and the reason."""

    index: int
    why: str


def pick_cells(
    predictions: Predictions, decisions: np.ndarray, *, num_images: int, seed: int
) -> list[Pick]:
    """Pick the most confident right and the worst wrong cells of each class, and random ones.

    Each of the four kinds gets a sixth of the images, if there are as many; the rest is random.

    Args:
        predictions: Predictions of labelled cells.
        decisions: int64 `(n,)` in {0, 1}, the run's decisions.
        num_images: Number of cells, if there are as many.
        seed: Seed of the random choice.

    Returns:
        The negative class before the positive one, right before wrong, random ones last; none
        twice.
    """
    logits, labels = predictions.logits, predictions.labels
    share = max(1, num_images // 6)
    picks = []
    for label, sign in ((0, -1), (1, 1)):
        for why, wanted, most in ((_RIGHT, label, -sign), (_WRONG, 1 - label, sign)):
            members = np.flatnonzero((labels == label) & (decisions == wanted))
            ranked = members[np.argsort(most * logits[members], kind="stable")]
            picks += [Pick(int(index), why) for index in ranked[:share]]
    taken = [pick.index for pick in picks[:num_images]]
    left = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(len(labels)), taken))
    drawn = [Pick(int(index), _RANDOM) for index in left[: num_images - len(taken)]]
    return picks[:num_images] + drawn


def share_inside(heat: np.ndarray, mask: np.ndarray) -> float | None:
    """Return the share of heat inside a cell; None if there is no heat.

    Args:
        heat: `(h, w)`, not negative.
        mask: bool `(h, w)`.
    """
    total = heat.sum()
    return float(heat[mask].sum() / total) if total > 0 else None


def rank_correlation(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the absolute value of Spearman's coefficient of each pair: float64 `(n,)` in [0, 1].

    The sign depends only on the class that a random network happens to prefer. For a constant map
    the coefficient is 0.

    Args:
        maps, others: `(n, h, w)`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        pairs = zip(maps, others, strict=True)
        found = [stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in pairs]
    return np.abs(np.nan_to_num(found))


def explanation_verdict(
    *,
    randomised: Mapping[str, float],
    shares: Sequence[float | None],
    decisions: np.ndarray,
    covered: float,
    classes: ClassNames = CNMC_CLASSES,
) -> str:
    """Say in sentences whether the maps of a network can be trusted.

    Args:
        randomised: Mean rank correlation with maps of networks in which the named layers are
            random.
        shares: For each cell the share of heat inside it; None if there was no heat.
        decisions: int64 `(n,)` in {0, 1}: the class that the heat of each cell supports.
        covered: Mean share of the image that the cells cover; uniform heat has this share inside.
        classes: The names of the classes.
    """
    correlation = randomised[ALL_LAYERS]
    of_random = f"rank correlation {correlation:.2f}, where 1 is the same map"
    if correlation > _MUCH:
        text = (
            "Do not read these maps: networks of random weights draw nearly the same "
            f"({of_random}). The maps show the cell, not what the network has learnt."
        )
    elif correlation > _PARTLY:
        text = (
            "Read these maps with care: networks of random weights draw partly the same "
            f"({of_random})."
        )
    else:
        text = f"Networks of random weights draw other maps ({of_random})."
    for label in (1, 0):
        heated = [
            share
            for share, decision in zip(shares, decisions, strict=True)
            if decision == label and share is not None
        ]
        if heated:
            inside = per_cent(float(np.mean(heated)))
            text += f" {inside} % of the heat for {classes[label]} lies inside the cells."
    return f"{text} The cells cover {per_cent(covered)} % of the images."
