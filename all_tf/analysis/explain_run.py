"""Heat maps of some cells of a finished run, written to its folder."""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from all_tf.analysis.explanation_checks import (
    ALL_LAYERS,
    Pick,
    explanation_verdict,
    pick_cells,
    rank_correlation,
    share_inside,
)
from all_tf.analysis.explanation_sheet import ExplainedCells, draw_sheet, enlarged
from all_tf.analysis.grad_cam import evidence_maps, randomised_maps, require_map
from all_tf.analysis.inputs import AnalysisInputs, load_inputs
from all_tf.data.cell_features import foreground
from all_tf.metrics.predictions import Predictions
from all_tf.runs.folder import EXPLANATIONS_FOLDER, EvaluationSet, write_json
from all_tf.runs.result_files import replaced_files
from all_tf.system.progress import track
from builders.registry import build_model

RESULT_FILE, PICTURE_FILE = "explanations.json", "cells.png"
_NUM_RANDOM = 5  # Random networks; two may differ as much as either from the trained one.


class Maps(NamedTuple):
    """Some cells with their heat maps; row i of every array is one cell."""

    images: np.ndarray  # (n, s, s, 3) in [0, 255].
    evidence: np.ndarray  # (n, h, w), above 0 for the positive class.
    random: dict[str, list[np.ndarray]]  # By the random layers: the evidence of each network.


def explain_run(
    run: Path, asked: EvaluationSet = EvaluationSet(), *, num_images: int, seed: int = 0
) -> tuple[dict, Path]:
    """Compute heat maps of a finished run and save them in `RUN/explanations`; overwrite old ones.

    Args:
        run: The run's folder.
        asked: A labelled set of cells.
        num_images: Number of cells, at least 1; see `pick_cells`.
        seed: Seed of the randomly chosen cells.

    Returns:
        The content of explanations.json: the header of a report; `map_side`, in pixels of the
        network's last feature map; `randomised`, for each `layers` that had random weights the
        mean `rank_correlation` over cells and networks, and the `lowest` and `highest` of a
        network; `verdict`; `cells`, each with `name`, `label`, `decision`, `score`, `why`,
        `share_inside`, the share of the heat for its decision that is inside the cell,
        `share_covered`, the share of the image that the cell covers, and `rank_correlation`, with
        entirely random networks.

    Raises:
        ValueError: `num_images` is below 1, or the feature map is a single pixel.
        RunError, RecordsError, FoldsError, SplitError: The run or the set does not exist.
    """
    if num_images < 1:
        raise ValueError(f"Expected at least 1 image. Received: --images {num_images}")
    inputs = load_inputs(run, asked, purpose="be explained")
    require_map(inputs.model)
    folder = inputs.free_folder(run, EXPLANATIONS_FOLDER, RESULT_FILE, asked)
    predictions = inputs.predict(inputs.batches(inputs.cells))
    decisions = predictions.decisions(inputs.context.calibration.threshold)
    picks = pick_cells(predictions, decisions, num_images=num_images, seed=seed)
    chosen = np.array([pick.index for pick in picks])
    maps = _find(inputs, chosen)
    heading = inputs.heading(predictions)
    result = heading | _describe(maps, predictions.take(chosen), decisions[chosen], picks)
    with replaced_files(folder) as partial:
        write_json(partial / RESULT_FILE, result)
        draw_sheet(
            partial / PICTURE_FILE,
            ExplainedCells(maps.images, maps.evidence, maps.random[ALL_LAYERS][0], result["cells"]),
            classes=inputs.cells.classes,
            title=inputs.caption(),
        )
    return result, folder


def _find(inputs: AnalysisInputs, chosen: np.ndarray) -> Maps:
    batches = inputs.batches(inputs.cells.take(chosen)).as_numpy_iterator()
    images = np.concatenate([images for images, _, _ in batches])[: len(chosen)]
    evidence = evidence_maps(inputs.model, images)
    experiment = inputs.context.experiment
    random: dict[str, list[np.ndarray]] = {}
    # The run's own seed gives its initial weights, and its last layer may still be near them.
    seeds = range(experiment.seed + 1, experiment.seed + 1 + _NUM_RANDOM)
    for seed in track(seeds, "maps of random weights", _NUM_RANDOM, unit="network"):
        keras.utils.set_random_seed(seed)

        def draw() -> keras.Model:
            return build_model(experiment.arch, image_size=experiment.image_size, weights="none")

        for layers, maps in randomised_maps(inputs.model, images, draw=draw):
            random.setdefault(layers, []).append(maps)
    return Maps(images, evidence, random)


def _describe(
    maps: Maps, predictions: Predictions, decisions: np.ndarray, picks: list[Pick]
) -> dict:
    """Return the results for all maps together and for each cell."""
    masks = foreground(maps.images)
    side = masks.shape[1]
    heat = np.maximum(enlarged(_for_class(maps.evidence, decisions), side), 0)
    shares = [share_inside(*pair) for pair in zip(heat, masks, strict=True)]
    covered = masks.mean(axis=(1, 2))
    correlations = {  # (networks, n)
        layers: np.stack([rank_correlation(maps.evidence, other) for other in others])
        for layers, others in maps.random.items()
    }
    return {
        "map_side": maps.evidence.shape[1],
        "randomised": [_of_networks(layers, found) for layers, found in correlations.items()],
        "verdict": explanation_verdict(
            randomised={layers: found.mean() for layers, found in correlations.items()},
            shares=shares,
            decisions=decisions,
            covered=covered.mean(),
            classes=predictions.classes,
        ),
        "cells": [
            {
                "name": str(predictions.names[n]),
                "label": predictions.classes[predictions.labels[n]],
                "decision": predictions.classes[decisions[n]],
                "score": float(predictions.calibrated_scores[n]),
                "why": pick.why,
                "share_inside": shares[n],
                "share_covered": float(covered[n]),
                "rank_correlation": float(correlations[ALL_LAYERS][:, n].mean()),
            }
            for n, pick in enumerate(picks)
        ],
    }


def _of_networks(layers: str, correlations: np.ndarray) -> dict[str, object]:
    """Summarise the similarity with maps of random networks; correlations `(networks, n)`."""
    means = correlations.mean(axis=1)
    return {
        "layers": layers,
        "rank_correlation": float(means.mean()),
        "lowest": float(means.min()),
        "highest": float(means.max()),
    }


def _for_class(evidence: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Change the sign of the evidence for the label 0, so that above 0 supports the label."""
    return evidence * np.where(labels == 1, 1, -1)[:, np.newaxis, np.newaxis]
