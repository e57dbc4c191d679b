"""How long train.py takes to its first step, beside a bare Keras script with the same network."""

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
_ROUNDS = 3  # All of them in turn; other people's load comes and goes.
_SIGNAL = "first step done"
_TRAIN = Path(__file__).resolve().parents[2] / "scripts" / "train.py"

# What a user would write without this project, but for the network, which is ours in both, and for
# XLA, which would make this side slower on a CPU.
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

# train.py itself, told to speak once the bar has shown its first step; then it is ended.
_OURS = f"""
import os, runpy, sys
from all_tf.system.tensorflow_import import load_tensorflow

load_tensorflow()
from all_tf.training.callbacks.progress_bar import ProgressBar

show = ProgressBar.on_train_batch_end
def tell(self, batch, logs=None):
    show(self, batch, logs)
    print("{_SIGNAL}", flush=True)
    os._exit(0)

ProgressBar.on_train_batch_end = tell
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def benchmark_startup(arch: str, *, image_size: int, records: Path) -> dict[str, object]:
    """Seconds from the start of a process to the end of its first training step.

    Args:
        arch: Of the network, with random weights on both sides.
        image_size: Side that the network sees, pixels.
        records: A records directory; all of it is verified and read, as always.

    Returns:
        Medians over the rounds: `seconds` of train.py, which may learn from all of the records;
        `bare_seconds` of the bare script, on random data; `ratio_to_bare`, of the rounds' ratios.
        The same with `cpu_` before it: processor time, which other people's load changes less.

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
    """A measured process failed; the message is its last line."""


class _Start(NamedTuple):
    seconds: float
    cpu_seconds: float  # Of all threads.


def _train(arch: str, image_size: int, records: Path) -> _Start:
    with tempfile.TemporaryDirectory() as folder:
        command = [_OURS, str(_TRAIN), "--arch", arch, "--image-size", str(image_size)]
        command += ["--records", str(records), "--run-dir", str(Path(folder, "run"))]
        command += ["--weights", "none", "--batch-size", str(_BATCH_SIZE), "--epochs", "1"]
        return _to_first_step([*command, "--freeze-epochs", "0", "--warmup-epochs", "0"])


def _to_first_step(code_and_arguments: Sequence[str]) -> _Start:
    """Start Python, and the clock with it; stop it when the child says that the step is done."""
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
                taken = child.cpu_times()  # It may have ended, but is not gone yet.
                return _Start(time.perf_counter() - began, taken.user + taken.system)
    raise ChildError(f"No first step was made. The last line of the process: {line.strip()}")
