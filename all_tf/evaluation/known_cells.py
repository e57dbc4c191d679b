"""How far new cells lie from a run's training cells: learnt after a training, then applied."""

import io
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells, limit_cells
from all_tf.data.known_range import KIND_COLUMNS, NUM_MEASURES, fit_known_range
from all_tf.data.splits import Data
from all_tf.evaluation.predict import batches_to_score, predict_with_features
from all_tf.metrics.pseudonyms import pseudonyms
from all_tf.runs.folder import set_name
from all_tf.runs.known_cells_file import (
    KNOWN_CELLS_FILE,
    KnownCells,
    KnownFeatures,
    read_known_cells,
    write_known_cells,
)
from all_tf.runs.stamps import selection_set
from all_tf.runs.strict_reading import damage_error

SHARE_REFUSED = 0.05  # Of known cells, by their distance from the training cells.
_MOST_CELLS = 2000  # Training cells that are kept, evenly over classes and patients.
_MOST_MEASURED = 300  # Of them, whose images are measured, with resized copies; 50 ms each.
_MOST_AXES = 32
_LEAST_SPREAD = 1e-6  # Of a channel; below it there is nothing but rounding.


def learn_known_cells(
    run: Path, model: keras.Model, data: Data, experiment: Experiment, features: np.ndarray
) -> None:
    """Write what the training cells of a run look like to known_cells.json.

    The limit of the distance is that beyond which one in twenty cells of the selection set lies.
    Where no set was held apart, it is set on the training cells, each compared with those of the
    other patients.

    Args:
        run: The run's folder.
        model: With its best weights.
        data: The run's.
        experiment: The run's.
        features: Of the selection set, `(n, channels)`.
    """
    cells = limit_cells(data.fit, _MOST_CELLS, seed=experiment.seed)
    batches = batches_to_score(cells, experiment, title="training cells to compare with")
    _, known = predict_with_features(model, batches, cells)
    if experiment.chooses:
        others, where = features, set_name(*selection_set(experiment))
    else:
        others, where = None, "train, each patient compared with the others"
    measured = limit_cells(cells, _MOST_MEASURED, seed=experiment.seed)
    images = [_pixels(png) for png in measured.pngs]
    shown = [place for place, image in enumerate(images) if image.any()]
    write_known_cells(
        run,
        KnownCells(
            fit_known_range([images[n] for n in shown], measured.groups[shown]),
            fit_known_features(known, cells, others, limit_from=where),
        ),
    )


def fit_known_features(
    features: np.ndarray, cells: Cells, others: np.ndarray | None, *, limit_from: str
) -> KnownFeatures:
    """Principal components of standardised features, and the limit of a nearest neighbour in them.

    Nearest neighbours: Sun et al., 2022, arXiv:2204.06507, here of standardised features.

    Args:
        features: float32 `(n, channels)`, of the training cells.
        cells: The training cells.
        others: float32 `(m, channels)`, of the cells that the limit is set on; None for the
            training cells, each without those of its own patient group.
        limit_from: What these cells are, in words.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > _LEAST_SPREAD, spread, np.inf)  # What never varies has no weight.
    num_axes = min(_MOST_AXES, *features.shape)
    axes = PCA(num_axes, random_state=0).fit((features - mean) / scale).components_.T
    axes = (axes / scale[:, np.newaxis]).astype(np.float32)
    coordinates = (features - mean) @ axes
    if others is None:
        apart = pairwise_distances(coordinates)
        apart[cells.groups[:, np.newaxis] == cells.groups] = np.inf
        nearest = apart.min(axis=1)
        nearest = nearest[np.isfinite(nearest)]  # None where all are of one patient.
    else:
        nearest = _nearest((others - mean) @ axes, coordinates)[0]
    limit = float(np.quantile(nearest, 1 - SHARE_REFUSED)) if len(nearest) else 0.0
    name_of_patient = pseudonyms(cells.patients, cells.labels, classes=cells.classes)
    names = sorted(set(name_of_patient.values()))
    place_of_name = {name: place for place, name in enumerate(names)}
    which = [place_of_name[name_of_patient[str(each)]] for each in cells.patients]
    places = np.array(which, np.int64)
    known = (mean, axes, coordinates.astype(np.float32), places, names)
    return KnownFeatures(*known, limit, limit_from, max(1, len(nearest)))


def load_known_cells(run: Path, model: keras.Model) -> KnownCells | None:
    """Read what the training cells of a run look like; None for a run of an earlier version.

    Raises:
        RunError: The file is damaged, or of another network.
    """
    known = read_known_cells(run)
    if known is None:
        return None
    found = {kind: len(each["mean"]) for kind, each in known.range["ellipsoids"].items()}
    wanted = {kind: len(columns) for kind, columns in KIND_COLUMNS.items()}
    weights = len(known.range["magnification"]["weights"])
    channels = model.get_layer("logit").input.shape[-1]
    if (found, weights, len(known.features.mean)) != (wanted, NUM_MEASURES, channels):
        why = f"Expected {wanted}, {NUM_MEASURES} weights and {channels} features."
        raise damage_error(run / KNOWN_CELLS_FILE, None, None, why)
    return known


def compare_features(known: KnownFeatures, features: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """How far cells are from the nearest training cell, and the patient that this is of.

    Args:
        known: Of the run.
        features: float32 `(n, channels)`, of the new cells.

    Returns:
        float64 `(n,)`, the distance in limits, so that those above 1 are refused; pseudonyms.
    """
    distances, nearest = _nearest((features - known.mean) @ known.axes, known.cells)
    names = [known.patients[known.patient_of_cell[place]] for place in nearest]
    return distances / max(known.limit, 1e-9), names


def _nearest(cells: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distances, places = NearestNeighbors(n_neighbors=1).fit(known).kneighbors(cells)
    return distances[:, 0], places[:, 0]


def _pixels(png: bytes | memoryview) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))
