"""How a process joins others that train the same network, by JAX, and how it leaves them."""

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

_SECONDS_FOR_THE_PARENT = 30.0  # To end this process where another one is lost.
_STATUSES = ("UNKNOWN", "UNAVAILABLE", "INTERNAL", "ABORTED", "CANCELLED", "DEADLINE_EXCEEDED")
_PR_SET_PDEATHSIG = 1  # Of prctl(2).


@contextmanager
def jax_process(host: ProcessInfo, run: Path, *, devices: int) -> Iterator[Path]:
    """Belong to the processes that train one network.

    Process 0 works in the run's folder. Every other one works in a folder of its own, into which
    the run's state is copied first, which nobody keeps, and says nothing: all that the processes do
    to the network they have to do alike, and what they note of it is the same.

    Args:
        host: This process, a child of `supervision.supervise`.
        run: The run's folder, which all machines see where it is resumed.
        devices: GPUs that this process uses.

    Yields:
        The folder to work in.
    """
    _end_with_parent()
    # It would take SIGTERM for itself.
    jax.config.update("jax_enable_preemption_service", False)
    local = _local_devices(devices, os.environ)
    jax.distributed.initialize(os.environ[ADDRESS], host.count, host.index, local_device_ids=local)
    with _folder(host, run) as folder:
        multihost_utils.sync_global_devices("everyone has the state to go on from")
        try:
            yield folder
        except BaseException as error:
            # JAX would wait at the exit for those who do not come, and then abort.
            interrupted = isinstance(error, KeyboardInterrupt)
            atexit.register(_leave, 128 + error.args[0] if interrupted else 1)
            if is_of_an_exchange(error):
                time.sleep(_SECONDS_FOR_THE_PARENT)  # It knows better why.
            raise


def is_of_an_exchange(error: BaseException) -> bool:
    """Whether processes could not exchange what they have, rather than one having failed by itself.

    JAX raises that as its own error, or where numpy met it as a ValueError that begins with the
    status, as in "UNKNOWN: Gloo AllGather failed".
    """
    status = str(error).partition(":")[0]
    return isinstance(error, jax.errors.JaxRuntimeError) or status in _STATUSES


@contextmanager
def _folder(host: ProcessInfo, run: Path) -> Iterator[Path]:
    if host.index == 0:
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
    """Numbers of the GPUs on this machine; of one GPU for each task of Slurm, the task's own."""
    if devices == 1:
        return [int(environ.get("SLURM_LOCALID", 0))]
    return list(range(devices))


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with_parent() -> None:
    """Be killed where the parent is, on Linux; elsewhere a failing exchange has to do it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
