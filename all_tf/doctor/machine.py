"""Checks of processor, memory, disk and GPU."""

import json
import subprocess
import sys
from pathlib import Path

from all_tf.doctor.check import INSTALL, OK, PROBLEM, WARNING, Check
from all_tf.system.child_process import describe_exit
from all_tf.system.graphics_cards import (
    describe_idle,
    gpu_memory,
    gpu_traces,
    how_to_use_gpu,
)
from all_tf.system.outputs import require_folder
from all_tf.system.processors import num_processors

_GIB = 2**30
_SCARCE_MEMORY, _SCARCE_DISK = 4 * _GIB, 5 * _GIB  # Below it, large networks do not fit.
_LEAST_MEMORY, _LEAST_DISK = 1.2 * _GIB, 0.2 * _GIB  # Below it, no network does.
_SECONDS = 180  # For the import of TensorFlow.


def check_memory() -> Check:
    """Whether a training fits into the memory that this process may take."""
    from all_tf.system.free_memory import free_memory

    free = free_memory()
    found = f"{free / _GIB:.1f} GiB free; {num_processors()} processor cores"
    return _graded("memory", found, free, scarce=_SCARCE_MEMORY, least=_LEAST_MEMORY)


def check_disk(folder: Path) -> Check:
    """Whether a run can be written to a folder."""
    from all_tf.estimates.disk import free_disk

    try:
        require_folder(folder)
    except OSError as error:
        return Check("disk", PROBLEM, str(error))
    free = free_disk(folder)
    found = f"{free / _GIB:.1f} GiB free for {folder}"
    return _graded("disk", found, free, scarce=_SCARCE_DISK, least=_LEAST_DISK)


def check_gpu() -> Check:
    """Whether TensorFlow can be loaded, in a process of its own, and sees the GPU there is."""
    child = subprocess.run(
        [sys.executable, "-P", "-m", "all_tf.doctor.gpu_child"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_SECONDS,
        check=False,
        start_new_session=True,  # Ctrl-C ends this process, which then ends the other one.
    )
    if child.returncode:
        return _unloadable(describe_exit(child.returncode))
    told = json.loads(child.stdout.splitlines()[-1])
    if "problem" in told:
        return _unloadable(told["problem"])
    return judge_gpu(told["tensorflow"], told["gpus"])


def _unloadable(why: str) -> Check:
    return Check("TensorFlow", PROBLEM, f"TensorFlow cannot be loaded: {why}", INSTALL)


def judge_gpu(version: str, gpus: list[str]) -> Check:
    """The check of GPUs that TensorFlow has found, against those that are in the machine."""
    if gpus:
        memory = [f", {each / _GIB:.0f} GiB" for each in gpu_memory()] + [""] * len(gpus)
        named = "; ".join(gpu + size for gpu, size in zip(gpus, memory, strict=False))
        return Check("GPU", OK, f"{named} (TensorFlow {version})", usable=True)
    if traces := gpu_traces():
        return Check("GPU", PROBLEM, describe_idle(traces), how_to_use_gpu())
    return Check("GPU", OK, f"none in this machine; TensorFlow {version} uses the processor")


def _graded(name: str, found: str, free: float, *, scarce: float, least: float) -> Check:
    if free < least:
        return Check(name, PROBLEM, found, "Free some: not even the smallest network fits")
    if free < scarce:
        return Check(name, WARNING, found, "Free some for the larger networks")
    return Check(name, OK, found)
