"""What a training will take, in the lines of its plan: device, time, memory, disk."""

from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from all_tf.config.experiment import Experiment
from all_tf.data.batches import images_in_epoch
from all_tf.data.class_balance import Plan
from all_tf.data.splits import Data
from all_tf.estimates.costs import COSTS
from all_tf.estimates.disk import free_disk, run_bytes
from all_tf.estimates.memory import GIB, NetworkSize, cells_bytes, largest_batch, network_bytes
from all_tf.estimates.training_time import ImageCounts, estimate, seconds_a_product
from all_tf.system.free_memory import free_memory
from all_tf.system.graphics_cards import gpu_memory
from all_tf.system.progress import describe_duration
from all_tf.training.device_text import describe_device, idle_gpu
from all_tf.training.prepared import Prepared
from tfrecords.counted import counted

_UNKNOWN_TIME = "said after the first steps; the table of measured steps is of processors"
_TO_MEASURE = 0.2  # Seconds of products of matrices, in each training.


def describe_needs(
    prepared: Prepared,
    size: NetworkSize,
    *,
    run: Path | None = None,
    devices: int = 1,
    done: int = 0,
) -> str:
    """Describe in a few lines what a training needs and what there is of it here.

    Args:
        prepared: The training.
        size: Of the network.
        run: The run's folder; None for no line on the disk.
        devices: How many share each batch.
        done: Epochs that it has behind it already.

    Returns:
        The lines, and warnings after them: an idle GPU, too little memory or disk.
    """
    experiment, data, plan, _ = prepared
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    lines = [f"  device       {describe_device()}"]
    time = _UNKNOWN_TIME if on_gpu else _time(experiment, data, plan, done=done)
    lines += [f"  time         {time}"]
    warnings = [idle_gpu()]
    for line, warning in (
        _memory(experiment, data, size, gpus=devices if on_gpu else 0),
        *([_disk(experiment, size, run)] if run else []),
    ):
        lines.append(line)
        warnings.append(warning)
    return "\n".join([*lines, *filter(None, warnings)])


def _time(experiment: Experiment, data: Data, plan: Plan, *, done: int) -> str:
    counts = ImageCounts(
        images_in_epoch(data.fit, plan),
        len(data.selection) if experiment.chooses else 0,
        len(data.held_out) if data.held_out else 0,
    )
    product = seconds_a_product(for_seconds=_TO_MEASURE)
    found = estimate(experiment, counts, product=product, done=done)
    if found is None:
        return f"said after the first steps; no table has {experiment.arch}"
    figures = (found.epoch, found.training, COSTS[experiment.arch].build)
    epoch, training, build = (describe_duration(max(1.0, seconds)) for seconds in figures)
    left = max(0, (experiment.last_epoch or experiment.epochs) - done)
    in_all = f"{counted(left, 'epoch')} to go, about" if done else "in all about"
    return (
        f"an epoch about {epoch}, {in_all} {training}, and {build} to build the graph (from a "
        "table of measured steps, within a factor of two)"
    )


def _memory(experiment: Experiment, data: Data, size: NetworkSize, *, gpus: int) -> tuple[str, str]:
    """The line, and a warning if the network does not fit; empty if it does."""
    share = replace(experiment, batch_size=-(-experiment.batch_size // max(1, gpus)))
    network = network_bytes(share, size, batch_size=share.batch_size)
    num_cells = len(data.fit) + (len(data.selection) if experiment.chooses else 0)
    cells = cells_bytes(experiment, num_cells=num_cells)
    free = min(gpu_memory(), default=None) if gpus else free_memory()
    line = (
        f"  memory       about {_gib(network)} for the network and {share.batch_size} images, "
        f"{_gib(cells)} for decoded cells (an estimate); "
        + (f"{_gib(free)} {'on the GPU' if gpus else 'free'}" if free is not None else "")
    ).rstrip("; ")
    if free is None or network <= free:
        return line, ""
    fits = largest_batch(share, size, free=free)
    way_out = "Pass a smaller --image-size, or another --arch"
    if fits is not None:
        way_out = f"Pass --batch-size {fits * max(1, gpus)}, which would"
    return line, f"WARNING: memory: by this estimate a step will not fit. {way_out}."


def _disk(experiment: Experiment, size: NetworkSize, run: Path) -> tuple[str, str]:
    """The line, and a warning if the disk is too small for the run; empty if it is not."""
    needed, free = run_bytes(experiment, size), free_disk(run)
    line = (
        f"  disk         at most {_gib(needed)} for weights, states to resume from, TensorBoard; "
        f"{_gib(free)} free"
    )
    if needed <= free:
        return line, ""
    return line, (
        f"WARNING: disk: {run.parent} has too little room for this run. Free "
        f"{_gib(needed - free)}, or choose another disk with --run-dir."
    )


def _gib(num_bytes: float) -> str:
    return (
        f"{num_bytes / GIB:.1f} GiB" if num_bytes >= GIB else f"{max(1, num_bytes / 2**20):.0f} MiB"
    )
