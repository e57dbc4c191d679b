"""The range of colour, focus and scale of a run's training cells, and cells outside it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from all_tf.data.cell_measures import MEASURES, measure_cell
from all_tf.system.progress import track
from tfrecords.codec.encoding import fit_center

_SHARE_REFUSED = 0.01  # Of the training cells, by their colour and by their focus.
_SHARE_RESIZED = 0.02  # By their scale.
_MOST_PARTS = 10  # Of the training patients, each left out once.
_WIDEST, _NUM_SCALED = 1.5, 2  # Largest magnification to learn from; scaled images of each cell.
_FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
_NAMES = [name for names in MEASURES.values() for name in names]
_GROUPS = {"colour": ("colour",), "focus": ("edge", "sharpness")}
KIND_COLUMNS: dict[str, list[int]] = {
    kind: [_NAMES.index(name) for part in parts for name in MEASURES[part]]
    for kind, parts in _GROUPS.items()
}
"""By kind, the places of its measures in what `measure_cell` returns."""
NUM_MEASURES = len(_NAMES)


def fit_known_range(images: Sequence[np.ndarray], groups: np.ndarray, *, seed: int = 0) -> dict:
    """Fit the range to training cells.

    Colour and focus each have an ellipsoid: cells whose Mahalanobis distance (covariance of Ledoit
    and Wolf, 2004, Journal of Multivariate Analysis 88) from the mean is above a limit lie outside.
    The scale of an image cannot be seen, but that it was resized can: a ridge regression learns
    from resized copies of the cells by how much. One in a hundred training cells lies outside of
    each ellipsoid, as one fitted to the other patients sees them, and one in fifty by its scale.

    Args:
        images: uint8 `(450, 450, 3)`, none black, at least two.
        groups: str `(n,)`, the patient group of each.
        seed: Of the magnifications.

    Returns:
        Plain numbers and lists: `ellipsoids` by kind (`mean` `(m,)`, `precision` `(m, m)`,
        `limit`), and `magnification` (`weights` `(24,)`, `bias`, `low`, `high`), which gives the
        logarithm of a magnification.
    """
    rng = np.random.default_rng(seed)
    rows, scaled, logs = [], [], []
    for image in track(images, "range of the training cells", len(images)):
        rows.append(measure_cell(image))
        for log in rng.uniform(-np.log(_WIDEST), np.log(_WIDEST), _NUM_SCALED):
            copy = magnify(image, float(np.exp(log)), _FILTERS[rng.integers(len(_FILTERS))])
            scaled.append(measure_cell(copy))
            logs.append(log)
    measures, copies = np.array(rows), np.array(scaled).reshape(len(rows), _NUM_SCALED, -1)
    ellipsoids = {
        kind: _fit_ellipsoid(measures[:, columns], groups) for kind, columns in KIND_COLUMNS.items()
    }
    magnification = _fit_magnification(measures, copies, np.reshape(logs, (len(rows), -1)))
    return {"ellipsoids": ellipsoids, "magnification": magnification}


def magnify(image: np.ndarray, factor: float, kernel: Image.Resampling) -> np.ndarray:
    """Resize an image, cut or padded with black to its size: uint8 `(450, 450, 3)`."""
    side = max(1, round(len(image) * factor))
    resized = Image.fromarray(image).resize((side, side), kernel)
    return np.asarray(fit_center(resized, len(image)))


def name_unlike(measures: np.ndarray, known: dict[str, Any]) -> list[str]:
    """Say in what a cell is outside the range of the training cells; nothing if it is not.

    Args:
        measures: Of `measure_cell`, `(24,)`.
        known: Of `fit_known_range`.

    Returns:
        A text for each kind, such as "colour: red 92, green 40, blue 105 (training 71, 31, 81)".
    """
    texts = []
    for kind, ellipsoid in known["ellipsoids"].items():
        values = measures[KIND_COLUMNS[kind]]
        distance = _distances(values[np.newaxis], ellipsoid)[0]
        if distance > ellipsoid["limit"]:
            times = distance / ellipsoid["limit"]
            texts.append(f"{kind}: {_SHOWN[kind](values, ellipsoid)}, {times:.1f} times the limit")
    magnification = known["magnification"]
    log = float(measures @ np.asarray(magnification["weights"]) + magnification["bias"])
    if not magnification["low"] <= log <= magnification["high"]:
        low, seen, high = np.exp(np.clip([magnification["low"], log, magnification["high"]], -9, 9))
        digits = next((n for n in range(2, 9) if not low <= round(seen, n) <= high), 9)
        seen, low, high = (f"{each:.{digits}f}" for each in (seen, low, high))
        texts.append(f"scale: looks resized {seen} times (training {low} to {high})")
    return texts


def _show_colour(values: np.ndarray, ellipsoid: Mapping[str, Any]) -> str:
    red, green, blue = np.expm1(values[:3])
    usual = ", ".join(f"{each:.0f}" for each in np.expm1(ellipsoid["mean"][:3]))
    return f"red {red:.0f}, green {green:.0f}, blue {blue:.0f} (training {usual})"


def _show_focus(values: np.ndarray, ellipsoid: Mapping[str, Any]) -> str:
    """Which part is farther off: the rings of the edge, whose outer ones fade, or the grain."""
    off, rings = values - np.asarray(ellipsoid["mean"]), slice(len(MEASURES["edge"]))
    grain, precision = slice(rings.stop, None), np.asarray(ellipsoid["precision"])
    of_edge, of_grain = (off[x] @ precision[x, x] @ off[x] for x in (rings, grain))
    if of_edge >= of_grain:
        return f"{'sharper' if off[:2].sum() > 0 else 'softer'} edge than in the training cells"
    return f"{'finer' if off[grain].sum() > 0 else 'coarser'} grain than in the training cells"


_SHOWN: dict[str, Callable[[np.ndarray, Mapping[str, Any]], str]] = {
    "colour": _show_colour,
    "focus": _show_focus,
}


def _fit_ellipsoid(values: np.ndarray, groups: np.ndarray) -> dict:
    unseen = np.empty(len(values))
    for rest, part in _parts(groups):
        unseen[part] = _distances(values[part], _ellipsoid(values[rest]))
    limit = float(np.quantile(unseen, 1 - _SHARE_REFUSED))
    return _ellipsoid(values) | {"limit": limit}


def _ellipsoid(values: np.ndarray) -> dict:
    scale = values.std(axis=0) + 1e-6  # Measures of equal cells do not vary.
    centred = (values - values.mean(axis=0)) / scale
    # One cell says nothing of how cells vary.
    fitted = LedoitWolf().fit(centred).precision_ if len(values) > 1 else np.eye(len(scale))
    precision = fitted / np.outer(scale, scale)
    return {"mean": values.mean(axis=0).tolist(), "precision": precision.tolist()}


def _distances(values: np.ndarray, ellipsoid: dict) -> np.ndarray:
    off = values - np.asarray(ellipsoid["mean"])
    squares = np.einsum("nj,jk,nk->n", off, np.asarray(ellipsoid["precision"]), off)
    return np.sqrt(np.maximum(squares, 0))


def _fit_magnification(measures: np.ndarray, copies: np.ndarray, logs: np.ndarray) -> dict:
    seen = np.concatenate([np.repeat(measures, _NUM_SCALED, axis=0), *copies])
    target = np.concatenate([np.zeros(logs.size), logs.ravel()])
    scaler, ridge = StandardScaler(), Ridge(1.0)
    ridge.fit(scaler.fit_transform(seen), target)
    weights = ridge.coef_ / scaler.scale_
    bias = ridge.intercept_ - scaler.mean_ @ weights
    # Of the cells that it has learnt from: with few patients a fit without some of them is so much
    # worse that the range would let through what was enlarged by half.
    low, high = np.quantile(measures @ weights + bias, [_SHARE_RESIZED / 2, 1 - _SHARE_RESIZED / 2])
    return {
        "weights": weights.tolist(),
        "bias": float(bias),
        "low": float(low),
        "high": float(high),
    }


def _parts(groups: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Indices of the other patients' cells and of a part's; all and all for a single patient."""
    number = min(_MOST_PARTS, len(np.unique(groups)))
    if number < 2:
        every = np.arange(len(groups))
        return [(every, every)]
    return list(GroupKFold(number).split(groups, groups=groups))
