"""Synthetic cells in memory, to measure a training without records."""

import numpy as np
from PIL import Image

from all_tf.data.cells import Cells
from all_tf.data.splits import Data
from tfrecords.codec.encoding import encode_png
from tfrecords.store.leakage import GROUPED
from tfrecords.synthetic.cells import draw_cell

_NUM_DRAWN = 32  # Different images; more take longer to draw and do not change the speed.


def draw_data(num_images: int, *, num_selection: int) -> Data:
    """Draw a training set and a selection set, half of the cells positive, ten images a patient.

    Args:
        num_images: Size of the training set.
        num_selection: Size of the selection set.
    """
    rng = np.random.default_rng(0)
    pngs = np.array(
        [
            encode_png(Image.fromarray(draw_cell(rng, label=number % 2)))
            for number in range(_NUM_DRAWN)
        ],
        dtype=object,
    )
    return Data(_cells(pngs, num_images, "fit"), _cells(pngs, num_selection, "s"), None, GROUPED)


def _cells(pngs: np.ndarray, count: int, prefix: str) -> Cells:
    numbers = np.arange(count)
    patients = np.array([f"{prefix}{number // 20}-{number % 2}" for number in numbers])
    return Cells(
        pngs=pngs[numbers % len(pngs)],
        labels=numbers % 2,
        patients=patients,
        groups=patients,
        names=np.array([f"{prefix}-{number}.bmp" for number in numbers]),
        duplicate_of=np.full(count, ""),
        folds=np.zeros(count, np.int64),
    )
