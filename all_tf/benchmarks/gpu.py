"""Training speed of each architecture of the study on a GPU, by precision and compiler."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import keras
import tensorflow as tf

from all_tf.benchmarks.drawn_data import draw_data
from all_tf.benchmarks.speed_table import failure
from all_tf.config import choices
from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.config.presets import default_experiment, find_row
from all_tf.data.splits import Data
from all_tf.system.checks import ConfigError
from all_tf.training.fit import batches_to_fit
from all_tf.training.prepare import prepare
from all_tf.training.prepared import Prepared

_STEPS = 20  # Timed steps; an epoch of as many comes before, which decodes the images.
_JITS = ("off", "on")


class Device(NamedTuple):
    """The device that is measured."""

    name: str
    reset_peak: Callable[[], None]
    peak_bytes: Callable[[], int]  # The most memory taken since `reset_peak`.


def find_gpu() -> Device:
    """Return the first GPU.

    Raises:
        ConfigError: There is none.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        raise ConfigError(
            "TensorFlow sees no GPU here, so there is nothing to measure. Run this on a machine "
            "that has one, with the package tensorflow[and-cuda]."
        )
    details = tf.config.experimental.get_device_details(gpus[0])
    return Device(
        details.get("device_name", gpus[0].name),
        lambda: tf.config.experimental.reset_memory_stats("GPU:0"),
        lambda: tf.config.experimental.get_memory_info("GPU:0")["peak"],
    )


def benchmark_gpu(
    archs: Sequence[str], *, device: Device, keep: Callable[[dict], None] = print
) -> dict[str, object]:
    """Images a second of the training step, augmentation and input included, figures fetched.

    Each architecture as its row of the study has it (size, batch, augmentation), with random
    weights and drawn cells. `input_share` is the part of a step's time that is saved where one
    batch lies ready in memory. What does not fit is said to be out of memory, what else fails says
    why. All of them take some hours, most of it in compilers.

    Args:
        archs: Their names.
        device: What is measured on.
        keep: Is given each case when it is measured; what it prints goes to standard error.

    Returns:
        `device`, its name, and `cases`, one for each architecture, precision and compiler. In a
        case, `input_share` is the share of a step's time that is saved if one batch is ready in
        memory; a case that does not fit has only `out_of_memory`.
    """
    with redirect_stdout(sys.stderr):
        cases = []
        for case in _cases(archs, device):
            keep(case)
            cases.append(case)
    return {"device": device.name, "cases": cases}


def _cases(archs: Sequence[str], device: Device) -> Iterator[dict[str, object]]:
    for arch in archs:
        row = find_row(arch) or default_experiment(arch)
        data = draw_data(_STEPS * row.batch_size, num_selection=2)
        for precision in choices.PRECISIONS:
            experiment = replace(
                row, precision=precision, weights="none", epochs=2, freeze_epochs=0, warmup_epochs=0
            )
            for jit in _JITS:
                facts = {
                    "framework": "tensorflow",
                    "arch": arch,
                    "image_size": row.image_size,
                    "batch_size": row.batch_size,
                    "precision": precision,
                    "jit": jit,
                }
                yield facts | _measure(experiment, data, Engine(jit=jit), device)
                keras.backend.clear_session()


def _measure(
    experiment: Experiment, data: Data, engine: Engine, device: Device
) -> dict[str, object]:
    device.reset_peak()
    try:
        prepared = prepare(experiment, data, engine)
        with_input, without = _seconds_a_step(prepared)
    except tf.errors.ResourceExhaustedError:
        return {"out_of_memory": True}
    except Exception as error:  # An operation that the device lacks, say: the others go on.
        return failure(error)
    return {
        "images_per_second": round(experiment.batch_size / with_input, 1),
        "input_share": round(1 - without / with_input, 3),
        "peak_gib": round(device.peak_bytes() / 2**30, 2),
    }


def _seconds_a_step(prepared: Prepared) -> tuple[float, float]:
    """Return median seconds of a step, with batches from the input and with one ready batch."""
    model = prepared.model
    batches = batches_to_fit(prepared, range(2))
    batch = next(iter(batches))
    model.make_train_function()
    ready = tf.data.Dataset.from_tensors(batch).repeat(int(batches.cardinality()))
    with_input, without = (_second_half(model.train_function, each) for each in (batches, ready))
    return with_input, without


def _second_half(step: Callable, batches: tf.data.Dataset) -> float:
    num_batches, iterator = int(batches.cardinality()), iter(batches)
    seconds = []
    for _ in range(num_batches):
        began = time.perf_counter()
        float(step(iterator)["loss"])  # Waits for the device.
        seconds.append(time.perf_counter() - began)
    return median(seconds[num_batches // 2 :])
