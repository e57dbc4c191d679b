"""Inspects a file of weights in a child process, within limits of time and memory.

One changed bit can send the HDF5 library into an endless loop in C, which no signal handler of
Python interrupts. The child reads all that Keras would read, so that what it passes ends.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from builders.hdf5_weights import WeightsError, check_values, read_shapes

_SECONDS = 20  # Of computing, for a file of no size.
_WAITED_SECONDS = 10  # For each of those, since other processes may take the processors.
_BYTES_PER_SECOND = 20_000_000  # A slow disk's.
_MEMORY = 3 << 29  # Bytes of Python, numpy and HDF5, with a margin.


class Inspection(NamedTuple):
    """What a file of weights holds."""

    shapes: list[tuple[int, ...]]  # Of the arrays of layers, sorted.
    problem: str  # Why its values cannot be used; empty where they can.


def inspect_weights(path: Path) -> Inspection:
    """Inspect a file of weights, which may be damaged or made to do harm.

    Raises:
        WeightsError: It holds more than plain arrays, or is of Keras 2.
        ValueError: HDF5 cannot read it, or does not come to an end.
    """
    seconds = _SECONDS + path.stat().st_size // _BYTES_PER_SECOND
    command = [sys.executable, "-m", __name__, os.fspath(path.absolute()), str(seconds)]
    paths = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
    damaged = "the file is damaged: copy it again, or train again"
    try:
        child = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=seconds * _WAITED_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"HDF5 did not read it within {error.timeout} s; {damaged}") from error
    if child.returncode:
        raise ValueError(
            f"HDF5 did not read it within {seconds} s of computing and its memory "
            f"(exit code {child.returncode}); {damaged}"
        )
    answer = json.loads(child.stdout)
    if answer["refusal"]:
        raise WeightsError(answer["refusal"])
    if answer["error"]:
        raise ValueError(
            f"{answer['error']}; it is damaged or no HDF5: copy it again, or train again"
        )
    return Inspection([tuple(shape) for shape in answer["shapes"]], answer["problem"])


def holds_head(path: Path) -> bool:
    """Whether a file of weights is of a whole model, which was trained on labelled cells.

    A whole model has an array of one number, the bias of its one logit; no backbone has one.

    Raises:
        ValueError: As `inspect_weights`.
    """
    return (1,) in inspect_weights(path).shapes


def _inspect(path: Path) -> dict:
    """Inspect a file here; the answer is fit for JSON."""
    answer: dict = {"shapes": [], "problem": "", "refusal": "", "error": ""}
    try:
        shape_of_name = read_shapes(path)
    except WeightsError as error:
        return answer | {"refusal": str(error)}
    except Exception as error:  # h5py has no error of its own for a damaged file.
        return answer | {"error": str(error)}
    answer["shapes"] = sorted(shape_of_name.values())
    try:
        check_values(path)
    except Exception as error:
        answer["problem"] = str(error)
    return answer


def _limit(path: Path, seconds: int) -> None:
    """End this process once it takes more time or memory than reading the file needs."""
    with suppress(ImportError, OSError, ValueError):  # Not every system has such limits.
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        memory = _MEMORY + 2 * path.stat().st_size
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    FILE, LIMIT = Path(sys.argv[1]), int(sys.argv[2])
    _limit(FILE, LIMIT)
    print(json.dumps(_inspect(FILE)))
