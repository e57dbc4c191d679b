"""Rank of this process among several, from options or the variables of Keras and Slurm."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from all_tf.system.checks import ConfigError

_PORTS = range(61440, 65536)  # A Slurm job uses one of them, chosen by its number.


@dataclass(frozen=True)
class ProcessInfo:
    """One of several processes that train one network, each on its own machine or its own GPUs."""

    index: int  # From 0; only process 0 writes.
    count: int
    coordinator: str  # Address and port at which process 0 waits for the others.


def find_process(
    environ: Mapping[str, str],
    *,
    num_processes: int | None = None,
    process_id: int | None = None,
    coordinator: str | None = None,
) -> ProcessInfo | None:
    """Return index, count and coordinator of this process, from options and the environment.

    The number of processes comes only from the option or from Keras' variable: the tasks of a Slurm
    job may also be independent trainings.

    Args:
        environ: Environment variables, used for missing options:
            `KERAS_DISTRIBUTION_NUM_PROCESSES`, `..._PROCESS_ID` and `..._JOB_ADDRESSES`; then, for
            the index, `SLURM_PROCID` or `JOB_COMPLETION_INDEX` (Kubernetes), and, for the address,
            `SLURM_STEP_NODELIST` with `SLURM_JOB_ID`.
        num_processes: Number of processes, at least 1.
        process_id: Index of this process, from 0.
        coordinator: Address of process 0, "HOST:PORT".

    Returns:
        None if no number of processes is set.

    Raises:
        ConfigError: A value is missing or invalid.
    """
    keras = "KERAS_DISTRIBUTION_"
    count = _whole(num_processes, environ.get(f"{keras}NUM_PROCESSES"), "num_processes")
    if count is None:
        if process_id is not None or coordinator is not None:
            raise ConfigError("How many processes are there? Pass --num-processes.")
        return None
    indices = (f"{keras}PROCESS_ID", "SLURM_PROCID", "JOB_COMPLETION_INDEX")
    found = next((environ[key] for key in indices if key in environ), "0" if count == 1 else None)
    index = _whole(process_id, found, "process_id")
    if index is None or not 0 <= index < count:
        raise ConfigError(
            f"Expected --process-id, a number from 0 to {count - 1}. Received: process_id={index}"
        )
    addresses = environ.get(f"{keras}JOB_ADDRESSES", "") or _address_by_slurm(environ)
    address = coordinator or addresses.split(",")[0]
    if count > 1 and not re.fullmatch(r".+:\d{1,5}", address):
        raise ConfigError(
            "Expected --coordinator HOST:PORT: the machine of process 0, and a port that is free "
            f"there. Received: coordinator={address!r}"
        )
    return ProcessInfo(index, count, address)


def _whole(option: int | None, text: str | None, name: str) -> int | None:
    if option is None and text is not None:
        if not text.isdecimal():
            raise ConfigError(f"Expected {name} as a number. Received: {name}={text!r}")
        option = int(text)
    if name == "num_processes" and option is not None and option < 1:
        raise ConfigError(f"Expected num_processes of at least 1. Received: num_processes={option}")
    return option


def _address_by_slurm(environ: Mapping[str, str]) -> str:
    """Return "NODE:PORT": a step's first node, and a port from the job's number; "" without."""
    nodes, job = environ.get("SLURM_STEP_NODELIST", ""), environ.get("SLURM_JOB_ID", "")
    first = re.match(r"([^\[,]+)(?:\[(\d+))?", nodes)  # Of "gpu7", "gpu[007-012,020]", "gpu7,a1".
    if first is None or not job.isdecimal():
        return ""
    return f"{first[1]}{first[2] or ''}:{_PORTS[int(job) % len(_PORTS)]}"
