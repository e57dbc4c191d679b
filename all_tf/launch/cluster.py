"""Which of several processes this one is: by options, by Keras' variables, by Slurm's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from all_tf.system.checks import ConfigError

_PORTS = range(61440, 65536)  # From which a Slurm job gets one, by its number.


@dataclass(frozen=True)
class ProcessInfo:
    """One process of several that train one network, each on its own machine or its own GPUs."""

    index: int  # From 0; host 0 alone writes.
    count: int
    coordinator: str  # Address and port, at which host 0 waits for the others.


def find_process(
    environ: Mapping[str, str],
    *,
    num_processes: int | None = None,
    process_id: int | None = None,
    coordinator: str | None = None,
) -> ProcessInfo | None:
    """What was given, completed from the environment.

    The number of processes comes from the option or Keras' variable alone: a job of Slurm may also
    hold trainings that have nothing to do with each other.

    Args:
        environ: `KERAS_DISTRIBUTION_NUM_PROCESSES`, `..._PROCESS_ID` and `..._JOB_ADDRESSES` count
            where an option is missing; then `SLURM_PROCID` or `JOB_COMPLETION_INDEX` (Kubernetes),
            and for the address `SLURM_STEP_NODELIST` with `SLURM_JOB_ID`.
        num_processes: At least 1.
        process_id: From 0.
        coordinator: "HOST:PORT".

    Returns:
        None where nobody speaks of several processes.

    Raises:
        ConfigError: Something is missing or impossible.
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


def _whole(given: int | None, text: str | None, name: str) -> int | None:
    if given is None and text is not None:
        if not text.isdecimal():
            raise ConfigError(f"Expected {name} as a number. Received: {name}={text!r}")
        given = int(text)
    if name == "num_processes" and given is not None and given < 1:
        raise ConfigError(f"Expected num_processes of at least 1. Received: num_processes={given}")
    return given


def _address_by_slurm(environ: Mapping[str, str]) -> str:
    """The first node of a job step, at a port that follows from the job's number; else nothing."""
    nodes, job = environ.get("SLURM_STEP_NODELIST", ""), environ.get("SLURM_JOB_ID", "")
    first = re.match(r"([^\[,]+)(?:\[(\d+))?", nodes)  # Of "gpu7", "gpu[007-012,020]", "gpu7,a1".
    if first is None or not job.isdecimal():
        return ""
    return f"{first[1]}{first[2] or ''}:{_PORTS[int(job) % len(_PORTS)]}"
