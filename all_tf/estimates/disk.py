"""An estimate of what a run writes to the disk: weights, states, TensorBoard."""

import shutil
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.estimates.memory import SLOTS, NetworkSize

_VALUE = 4  # Bytes of a float32.
_STATES = 3  # Two are kept, and a third is written before the oldest is removed.
_BESIDE = 100 * 2**20  # Tables, plots, known cells and what TensorBoard shows: less than that.


def run_bytes(experiment: Experiment, size: NetworkSize) -> int:
    """Bytes of a run's folder, at most at any moment.

    Each state holds the weights, the slots of the optimizer, the averages, and the best weights of
    its epoch; a new best one is written before an older one is removed.
    """
    weights = _VALUE * size.parameters
    state = weights * (2 + (experiment.ema > 0))
    state += _VALUE * size.trainable * SLOTS[experiment.optimizer]
    return _STATES * state + weights + _BESIDE


def free_disk(folder: Path) -> int:
    """Bytes free where a folder is or will be made."""
    there = folder.resolve()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free
