"""A picture of new images with the answers that they got and, where asked for, with heat maps."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from all_tf.analysis.grad_cam import evidence_maps
from all_tf.data.cells import Cells
from all_tf.data.image_decoding import seen_images
from all_tf.evaluation.answers import NONE, AnsweredCell
from all_tf.evaluation.scorers import Scorer
from all_tf.plots.cell_grid import draw_cells
from all_tf.plots.cell_images import brighten
from all_tf.plots.heat_overlay import lay_over, scaled
from tfrecords.store.files import atomic_write

MOST_SHOWN = 96  # Images of one picture; Grad-CAM keeps the feature maps of each in memory.
_SIDE = 160  # Of an image in the picture, pixels.
_DOTS_AN_INCH = 130
_MOST_REASONS = 2  # In a caption.


def draw_answers(
    path: Path,
    answered: Sequence[AnsweredCell],
    cells: Cells,
    scorers: Sequence[Scorer],
    *,
    heat: bool = False,
) -> int:
    """Draw images as the first network saw them, each with its number, answer and probability.

    Args:
        path: A PNG file, written over.
        answered: The answers, at least one; the first `MOST_SHOWN` are drawn.
        cells: The images, in the same order.
        scorers: The networks that answered.
        heat: Whether to draw beside each image where the networks found evidence for the positive
            and for the negative class: Grad-CAM (`evidence_maps`), of an ensemble the mean of
            calibrated logits.

    Returns:
        The number of images that were drawn.

    Raises:
        ValueError: The last feature map of a network is a single pixel.
    """
    number = min(MOST_SHOWN, len(answered))
    shown = cells.take(np.arange(number))
    images = _shown(shown, scorers[0])
    pictures = [brighten(images)]
    captions = [[_caption(place, each)] for place, each in enumerate(answered[:number], 1)]
    if heat:
        pictures += heat_pictures(shown, scorers)
        for texts in captions:
            texts += ["for positive", "for negative"]
    grid = np.stack(pictures, axis=1).reshape(-1, _SIDE, _SIDE, 3)
    figure = draw_cells(
        grid, [text for texts in captions for text in texts], columns=9 if heat else 8
    )
    with atomic_write(path) as partial:
        figure.savefig(partial, dpi=_DOTS_AN_INCH, facecolor="white")
    return number


def _caption(number: int, cell: AnsweredCell) -> str:
    if cell.answer != NONE:
        return f"{number}: {cell.answer} {cell.probability:.2f}\n"
    kinds = list(dict.fromkeys(text.split(":")[0] for text in cell.reason.split("; ")))
    short = [kind.replace("features far from every training cell", "features") for kind in kinds]
    more = " ..." if len(short) > _MOST_REASONS else ""
    return f"{number}: {NONE}\n{', '.join(short[:_MOST_REASONS])}{more}"


def heat_pictures(cells: Cells, scorers: Sequence[Scorer]) -> list[np.ndarray]:
    """Where networks find evidence for positive, and where for negative, over the grey cell.

    Args:
        cells: At least one.
        scorers: The networks that answer together.

    Returns:
        For each class, positive first: uint8 `(n, 160, 160, 3)`.

    Raises:
        ValueError: The last feature map of a network is a single pixel.
    """
    images = _shown(cells, scorers[0])
    evidence = np.mean([_evidence(cells, scorer) for scorer in scorers], axis=0)
    peak = np.abs(evidence).max(axis=(1, 2))
    return [lay_over(images, scaled(sign * evidence, peak)) for sign in (1, -1)]


def _shown(cells: Cells, scorer: Scorer) -> np.ndarray:
    return _resized(_seen(cells, scorer))


def _seen(cells: Cells, scorer: Scorer) -> np.ndarray:
    """The input of a network: `(n, s, s, 3)`."""
    return seen_images(cells.pngs.tolist(), scorer.experiment.view)


def _evidence(cells: Cells, scorer: Scorer) -> np.ndarray:
    """What each pixel adds to the calibrated logit, above 0 for positive: `(n, side, side)`."""
    maps = evidence_maps(scorer.model, _seen(cells, scorer)) / scorer.calibration.temperature
    return _resized(maps[..., np.newaxis])[..., 0]


def _resized(images: np.ndarray) -> np.ndarray:
    return tf.image.resize(images, (_SIDE, _SIDE)).numpy()
