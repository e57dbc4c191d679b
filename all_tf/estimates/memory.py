"""An estimate of the memory of a training: weights, what a step keeps of a batch, decoded cells."""

from typing import NamedTuple

from all_tf.config.experiment import Experiment
from all_tf.estimates.costs import COSTS
from builders.architecture_info import CATALOGUE

GIB = 2**30
LOADED = int(0.9 * GIB)  # TensorFlow, Keras and all_tf, before anything is built.
SLOTS = {"adam": 2, "adamw": 2, "sgd": 1}  # Values that an optimizer keeps of each weight.
_VALUE = 4  # Bytes of a float32.
# Measured with batches of 32 on a CPU (docs/performance.md): what a step keeps of a batch over what
# the layers put out, and what graph and threads take whatever the network.
_KEPT, _GRAPH = 1.3, 100 * 2**20
_BOX_SHARE = 0.25  # Of a canvas, that is not black and is cached (`all_tf.data.canvas_cache`).


class NetworkSize(NamedTuple):
    """Numbers of values that a network keeps."""

    parameters: int
    trainable: int  # Of the parameters; each has a gradient and slots in the optimizer.
    outputs: int  # Of all layers for one image, which a training step keeps for its way back.


def tabulated_size(experiment: Experiment) -> NetworkSize | None:
    """The size of an experiment's network without building it; None where no table has it."""
    if experiment.arch not in COSTS:
        return None
    cost, parameters = COSTS[experiment.arch], CATALOGUE[experiment.arch].parameters
    outputs = 1e6 * cost.outputs * (experiment.image_size / cost.image_size) ** 2
    return NetworkSize(parameters, parameters, round(outputs))


def network_bytes(experiment: Experiment, size: NetworkSize, *, batch_size: int) -> int:
    """Bytes that a network takes while it trains: on the device that trains it.

    Args:
        experiment: For the optimizer, the averages of weights and the precision.
        size: Of its network.
        batch_size: Images of a step; it need not be the experiment's.
    """
    weights = size.parameters * (1 + (experiment.ema > 0))
    learning = size.trainable * (1 + SLOTS[experiment.optimizer])
    if experiment.is_linear_probe:  # Its backbone has no way back; its features are small.
        return _VALUE * weights + _GRAPH
    value = _VALUE if experiment.precision == "float32" else _VALUE // 2
    kept = _KEPT * value * size.outputs * batch_size
    return round(_VALUE * (weights + learning) + kept) + _GRAPH


def largest_batch(experiment: Experiment, size: NetworkSize, *, free: int) -> int | None:
    """The largest batch size that fits, the experiment's or a power of two below it; None if none.

    Args:
        experiment: Settings of the training.
        size: Of its network.
        free: Bytes of the device.
    """
    powers = [2**n for n in reversed(range(12)) if 2**n < experiment.batch_size]
    for batch_size in (experiment.batch_size, *powers):
        if network_bytes(experiment, size, batch_size=batch_size) <= free:
            return batch_size
    return None


def cells_bytes(experiment: Experiment, *, num_cells: int) -> int:
    """Bytes of decoded cells, which are kept until they fill half of the free memory."""
    return round(num_cells * 3 * experiment.view.canvas**2 * _BOX_SHARE)
