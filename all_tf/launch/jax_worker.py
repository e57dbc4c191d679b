"""A process of a JAX training over several processes: how it joins the others and leaves them."""

import atexit
import ctypes
import io
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import jax
from jax.experimental import multihost_utils

from all_tf.launch.cluster import ProcessInfo
from all_tf.launch.supervisor import ADDRESS
from all_tf.runs.folder import CONFIG_FILE
from all_tf.system.locks import LOCK_FILE

_SECONDS_FOR_THE_PARENT = 30.0  # Until the parent ends this process because another is lost.
_STATUSES = ("UNKNOWN", "UNAVAILABLE", "INTERNAL", "ABORTED", "CANCELLED", "DEADLINE_EXCEEDED")
_PR_SET_PDEATHSIG = 1  # Of prctl(2).


@contextmanager
def jax_process(process: ProcessInfo, run: Path, *, devices: int) -> Iterator[Path]:
    """Join the processes that train one network.

    Process 0 works in the run's folder. Every other process works in a temporary copy of it and
    prints nothing: all processes do the same to the network and write the same files.

    Args:
        process: This process, a child of `all_tf.launch.supervisor.supervise`.
        run: The run's folder; to resume it, all machines must see it.
        devices: Number of GPUs that this process uses.

    Yields:
        The folder to work in.
    """
    _end_with_parent()
    # JAX's preemption service would handle SIGTERM itself.
    jax.config.update("jax_enable_preemption_service", False)
    local = _local_devices(devices, os.environ)
    jax.distributed.initialize(
        os.environ[ADDRESS], process.count, process.index, local_device_ids=local
    )
    with _folder(process, run) as folder:
        multihost_utils.sync_global_devices("every process has the state to resume from")
        try:
            yield folder
        except BaseException as error:
            # At the exit JAX would wait for processes that do not come, and then abort.
            interrupted = isinstance(error, KeyboardInterrupt)
            atexit.register(_leave, 128 + error.args[0] if interrupted else 1)
            if is_of_an_exchange(error):
                time.sleep(_SECONDS_FOR_THE_PARENT)  # The parent reports the cause.
            raise


def is_of_an_exchange(error: BaseException) -> bool:
    """Return whether an error comes from a failed exchange between processes.

    JAX raises JaxRuntimeError, or, if the exchange is inside a conversion to numpy, a ValueError
    that begins with the status, as in "UNKNOWN: Gloo AllGather failed".
    """
    status = str(error).partition(":")[0]
    return isinstance(error, jax.errors.JaxRuntimeError) or status in _STATUSES


@contextmanager
def _folder(process: ProcessInfo, run: Path) -> Iterator[Path]:
    if process.index == 0:
        yield run
        return
    with tempfile.TemporaryDirectory(prefix="all_tf-") as above:
        folder = Path(above) / run.name
        if (run / CONFIG_FILE).is_file():
            others = shutil.ignore_patterns(LOCK_FILE, "tensorboard", "evaluation")
            shutil.copytree(run, folder, ignore=others)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield folder


def _local_devices(devices: int, environ: Mapping[str, str]) -> list[int]:
    """Return the numbers of this process's GPUs; with one GPU per Slurm task, that of the task."""
    if devices == 1:
        return [int(environ.get("SLURM_LOCALID", 0))]
    return list(range(devices))


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with_parent() -> None:
    """Let Linux kill this process when its parent ends; elsewhere a failed exchange ends it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
