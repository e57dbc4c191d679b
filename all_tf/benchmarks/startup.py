"""Time to the first training step of train.py, compared with a bare Keras script."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from all_tf.system.progress import track

_BATCH_SIZE = 32
_ROUNDS = 3  # Both scripts in turn, because the load of a shared machine varies.
_SIGNAL = "first step done"

# A script as users of Keras write it. Two things are as in train.py: the network, and no XLA, which
# would make the script slower on a CPU.
_BARE = f"""
import sys
import keras
import numpy as np
from builders.registry import build_model

arch, size = sys.argv[1], int(sys.argv[2])
model = build_model(arch, image_size=size, weights="none")
loss = keras.losses.BinaryCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss, jit_compile=False)
rng = np.random.default_rng(0)
pixels = rng.integers(0, 256, ({_BATCH_SIZE}, size, size, 3)).astype("float32")
model.train_on_batch(pixels, rng.integers(0, 2, ({_BATCH_SIZE}, 1)).astype("float32"))
print("{_SIGNAL}", flush=True)
"""

# train.py, changed so that it prints the signal after the first step, and exits.
_OURS = f"""
import os, runpy, sys
from all_tf.system.tensorflow_import import load_tensorflow

load_tensorflow()
from all_tf.training.callbacks.progress_bar import ProgressBar

show = ProgressBar.on_train_batch_end
def show_and_exit(self, batch, logs=None):
    show(self, batch, logs)
    print("{_SIGNAL}", flush=True)
    os._exit(0)

ProgressBar.on_train_batch_end = show_and_exit
sys.argv = ["", "train", *sys.argv[1:]]
runpy.run_module("all_tf", run_name="__main__")
"""


def benchmark_startup(arch: str, *, image_size: int, records: Path) -> dict[str, object]:
    """Measure the seconds from the start of a process to the end of its first training step.

    Args:
        arch: Name of the architecture; both networks have random weights.
        image_size: Side of the network's input, pixels.
        records: A records directory; all of it is verified and read, as in a training.

    Returns:
        Medians over the rounds: `seconds` of train.py on the records; `bare_seconds` of the bare
        script on random data; `ratio_to_bare`, the median of the rounds' ratios. The same with
        `cpu_`: processor time, which depends less on the load of the machine.

    Raises:
        ChildError: A child ended before its first step.
    """
    bare, ours = [], []
    for _ in track(range(_ROUNDS), "measuring", _ROUNDS, unit="round"):
        bare.append(_to_first_step([_BARE, arch, str(image_size)]))
        ours.append(_train(arch, image_size, records))
    figures: dict[str, object] = {"arch": arch, "image_size": image_size}
    for which, name in enumerate(("", "cpu_")):
        pairs = [(a[which], b[which]) for a, b in zip(ours, bare, strict=True)]
        figures[f"{name}seconds"] = round(median(a for a, _ in pairs), 2)
        figures[f"bare_{name}seconds"] = round(median(b for _, b in pairs), 2)
        figures[f"{name}ratio_to_bare"] = round(median(a / b for a, b in pairs), 2)
    return figures


class ChildError(ValueError):
    """A measured process failed; the message has its last line."""


class _Start(NamedTuple):
    seconds: float
    cpu_seconds: float  # Of all threads.


def _train(arch: str, image_size: int, records: Path) -> _Start:
    with tempfile.TemporaryDirectory() as folder:
        command = [_OURS, "--arch", arch, "--image-size", str(image_size)]
        command += ["--records", str(records), "--run-dir", str(Path(folder, "run"))]
        command += ["--weights", "none", "--batch-size", str(_BATCH_SIZE), "--epochs", "1"]
        return _to_first_step([*command, "--freeze-epochs", "0", "--warmup-epochs", "0"])


def _to_first_step(code_and_arguments: Sequence[str]) -> _Start:
    """Start Python and measure the time until it prints that the first step is done."""
    began = time.perf_counter()
    child = psutil.Popen(
        [sys.executable, "-c", *code_and_arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    line = ""
    with child:
        for line in child.stdout:
            if line.strip() == _SIGNAL:
                cpu = child.cpu_times()  # Available even if it has ended: it was not waited for.
                return _Start(time.perf_counter() - began, cpu.user + cpu.system)
    raise ChildError(f"No first step was made. The last line of the process: {line.strip()}")
