"""Growth of time and memory with the number of images, from the converter to the report."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from all_tf.data.cell_features import box_of_colour
from all_tf.system.progress import track
from all_tf.system.script_command import process_command
from tfrecords.class_names import CNMC_CLASSES
from tfrecords.codec.png import encode_png
from tfrecords.synthetic.cells import draw_cell
from tfrecords.synthetic.write import ROOT_NAME, write_synthetic

_LATER_EPOCHS = 3
# So small a network that the input, the metrics and the callbacks are most of an epoch.
_TRAIN = ("train", "--arch", "base_cnn", "--image-size", "32", "--weights", "none")


_IMAGES_A_PATIENT, _LEAST_PATIENTS = 100, 10  # Of a class, of small images.

# A small process between this one and the command: on Linux the peak of a child begins with the
# memory of the process that it was forked from.
_MEASURED = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump([code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss], file)
"""


class StageError(ValueError):
    """A measured command failed; the message has its last line."""


class Cost(NamedTuple):
    """What a command took, of this machine as it is."""

    seconds: float
    cpu_seconds: float  # Of all threads; it depends less on the load of the machine.
    peak_mb: float


def benchmark_growth(
    sizes: Sequence[int], *, folder: Path | None, small: bool = False
) -> dict[str, object]:
    """Run every stage as a command on drawn images, in several numbers.

    The smallest number shows what a stage takes at its start, imports above all. This is subtracted
    from the others before the exponent is taken: the slope of the logarithm of the cost over the
    logarithm of the number of images. 1 is growth with the work; 2 doubles four times.

    Args:
        sizes: At least three numbers of images, rising.
        folder: Where the drawn images are kept, and found again by a later call; None for a
            temporary folder. 15,000 images take 10 GB.
        small: Whether they are PNGs without the margins, as of another laboratory, instead of
            C-NMC's bitmaps: 150,000 images then take 5 GB, and as much again while they are packed.

    Returns:
        `stages`: for each stage and number of images, `seconds`, `cpu_seconds` and `peak_mb`;
        `cpu_exponent` and `memory_exponent` of each stage, None for a cost that does not grow;
        `num_images`, `cores`. "later epochs" is the cost of one.

    Raises:
        StageError: A command failed.
        ValueError: There are fewer than three sizes, or they do not rise.
    """
    if len(sizes) < 3 or any(one >= other for one, other in pairwise(sizes)):
        raise ValueError(f"Expected three or more rising numbers of images. Received: {sizes}")
    with ExitStack() as stack:
        root = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        of_size = [_costs(root / str(size), size, small=small) for size in sizes]
    return {
        "num_images": list(sizes),
        "cores": os.cpu_count(),
        "stages": {
            stage: _describe(sizes, [costs[stage] for costs in of_size]) for stage in of_size[0]
        },
    }


def _costs(home: Path, size: int, *, small: bool = False) -> Mapping[str, Cost]:
    """Measure every stage on that many images."""
    source = home / ("small" if small else ROOT_NAME)
    if not source.exists():
        if small:
            write_small(source, num_images=size)
        else:
            write_synthetic(home, num_images=size, progress=track)
    with tempfile.TemporaryDirectory(dir=home) as results:
        records, once, often = (str(Path(results, name)) for name in ("records", "once", "often"))
        layout = ("--layout", "folders") if small else ()
        fit = (*_TRAIN, "--records", records, "--run-dir")
        stages = {
            "convert": ("make_tfrecords", *layout, "--source", str(source), "--records", records),
            "verify": ("make_tfrecords", "--verify", records),
            "first epoch": (*fit, once, "--epochs", "1"),
            "later epochs": (*fit, often, "--epochs", str(1 + _LATER_EPOCHS)),
            "evaluate": ("evaluate", once, "--split", "train"),
            "report": ("report", once),
        }
        each = track(stages.items(), f"{size:,} images", len(stages), unit="stage")
        costs = {stage: _run(command) for stage, command in each}
    costs["later epochs"] = _later(costs["first epoch"], costs["later epochs"])
    return costs


def write_small(folder: Path, *, num_images: int) -> None:
    """Write drawn cells as PNGs without margins, `CLASS/PATIENT/N.png`; the folder comes last."""
    unfinished = folder.with_name(f".{folder.name}")
    patients = max(_LEAST_PATIENTS, num_images // (2 * _IMAGES_A_PATIENT))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        drawn = pool.map(
            partial(_write_cell, unfinished, patients), range(num_images), chunksize=32
        )
        list(track(drawn, "drawing", num_images))
    unfinished.rename(folder)


def _write_cell(folder: Path, patients: int, number: int) -> None:
    label, count = number % 2, number // 2
    pixels = draw_cell(np.random.default_rng(number), label=label)
    cell = pixels[box_of_colour(pixels)]
    path = folder / CNMC_CLASSES.stored[label] / f"{label}-{count % patients}" / f"{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(Image.fromarray(cell)))


def _run(command: Sequence[str]) -> Cost:
    began = time.perf_counter()
    with tempfile.TemporaryFile() as log, tempfile.NamedTemporaryFile() as usage:
        measured = [sys.executable, "-c", _MEASURED, usage.name]
        started = [*process_command(command[0]), *command[1:]]
        subprocess.run(
            [*measured, *started], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        seconds = time.perf_counter() - began
        code, cpu_seconds, peak_kb = json.loads(usage.read())
        if code:
            log.seek(0)
            last = log.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise StageError(f"{' '.join(command)} ended with code {code}: {last}")
    return Cost(seconds, cpu_seconds, peak_kb / 1e3)


def _later(first: Cost, all_epochs: Cost) -> Cost:
    """Divide what the epochs after the first have taken by their number; the peak is of all."""
    return Cost(
        (all_epochs.seconds - first.seconds) / _LATER_EPOCHS,
        (all_epochs.cpu_seconds - first.cpu_seconds) / _LATER_EPOCHS,
        all_epochs.peak_mb,
    )


def _describe(sizes: Sequence[int], costs: Sequence[Cost]) -> dict[str, object]:
    by_name = {name: [cost[i] for cost in costs] for i, name in enumerate(Cost._fields)}
    figures: dict[str, object] = {
        name: dict(zip(map(str, sizes), np.round(values, 2).tolist(), strict=True))
        for name, values in by_name.items()
    }
    return figures | {
        "cpu_exponent": growth_exponent(sizes, by_name["cpu_seconds"]),
        "memory_exponent": growth_exponent(sizes, by_name["peak_mb"]),
    }


def growth_exponent(sizes: Sequence[int], costs: Sequence[float]) -> float | None:
    """Fit p to `cost = start + a * size ** p`, with the cost of the smallest size as the start.

    Returns:
        The slope of a straight line through the logarithms; None if a cost is not above the start.
    """
    above = np.array(costs[1:]) - costs[0]
    if above.min() <= 0:
        return None
    return round(float(np.polyfit(np.log(sizes[1:]), np.log(above), 1)[0]), 2)
