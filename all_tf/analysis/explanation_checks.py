"""Which cells are worth explaining, and what heat maps of them are worth; numpy and scipy only."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from all_tf.metrics.predictions import Predictions
from tfrecords.schema import CLASSES

_RIGHT, _WRONG, _RANDOM = "most confident right", "worst wrong", "drawn at random"
_PARTLY, _MUCH = 0.3, 0.5  # Mean rank correlations above which maps are said to be alike.
ALL_LAYERS = "all layers"


@dataclass(frozen=True)
class Pick:
    """A cell to be explained."""

    index: int
    why: str


def pick_cells(
    predictions: Predictions, decisions: np.ndarray, *, num_images: int, seed: int
) -> list[Pick]:
    """Of each class the most confident right ones and the worst wrong ones, and some at random.

    A sixth of the images for each of the four kinds, as far as there are any, and the rest drawn.

    Args:
        predictions: Labelled.
        decisions: int64 `(n,)` in {0, 1}, of the run.
        num_images: How many, if there are as many.
        seed: Of the drawing.

    Returns:
        HEM before ALL, right before wrong, the drawn ones last; none twice.
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
    """The share of heat that lies inside a cell; None where there is no heat at all.

    Args:
        heat: `(h, w)`, not negative.
        mask: bool `(h, w)`.
    """
    total = heat.sum()
    return float(heat[mask].sum() / total) if total > 0 else None


def rank_correlation(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Spearman's coefficient of each pair of maps without its sign: float64 `(n,)` in [0, 1].

    The sign says only which class a random network happens to call the cells. A map without any
    differences is like no other: 0.

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
) -> str:
    """What the maps of a network may be taken for.

    Args:
        randomised: Mean rank correlation with maps of networks whose named layers are random.
        shares: Of each cell the share of heat inside it; None where there was no heat.
        decisions: int64 `(n,)` in {0, 1}: the class that the heat of each cell speaks for.
        covered: Mean share of the image that the cells cover, and of heat that is everywhere alike.
    """
    correlation = randomised[ALL_LAYERS]
    of_random = f"rank correlation {correlation:.2f}, where 1 is the same map"
    if correlation > _MUCH:
        text = (
            "Do not read these maps: networks of random weights draw much the same "
            f"({of_random}), so that they show the cell and not what was learnt."
        )
    elif correlation > _PARTLY:
        text = (
            "Read these maps with care: networks of random weights draw in part the same "
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
            title = CLASSES[label].upper()
            text += f" Of the heat for {title} {np.mean(heated):.0%} lies inside the cells."
    return f"{text} They cover {covered:.0%} of the images."
