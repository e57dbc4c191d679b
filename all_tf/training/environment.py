"""environment.json: versions, hardware and command of a run."""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import keras
import tensorflow as tf

from all_tf.runs.folder import epochs_done, write_json

_PACKAGES = (
    "tensorflow",
    "keras",
    "keras-cv",
    "tensorflow-datasets",
    "scikit-learn",
    "numpy",
    "pillow",
)
_SECONDS_FOR_GIT = 10.0
_COMMIT = re.compile(r"[\w./+-]{1,200}")  # A name of `git describe`, as "v1.2-3-gabc1234-dirty".
_PACKAGES_OF = {"jax": ("jax", "jaxlib")}  # By Keras' backend.


def file_of_process(run: Path) -> str:
    """Return the name of this process's file; each process that works on a run writes its own."""
    first, done = "environment.json", epochs_done(run)
    # A new run that goes on with a finished one has epochs before its first process.
    return f"environment-after-epoch-{done}.json" if (run / first).exists() and done else first


def write_environment(path: Path) -> None:
    """Write versions, processor count, accelerators, commit and command to a file."""
    backend = keras.backend.backend()
    write_json(
        path,
        {
            "backend": backend,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cpus": os.cpu_count(),
            "gpus": [device.name for device in tf.config.list_physical_devices("GPU")],
            "packages": {
                name: _version(name) for name in (*_PACKAGES, *_PACKAGES_OF.get(backend, ()))
            },
            "commit": _commit(),
            "command": sys.argv,
        },
    )


def _version(package: str) -> str | None:
    """Return the version of a package; None if it is installed by another name (tf-nightly)."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit of this checkout; None if the code is not in one, or git cannot say."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},  # `--dirty` would refresh the index.
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS_FOR_GIT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):  # It is not installed, or hangs.
        return None
    name = described.stdout.strip()
    return name if described.returncode == 0 and _COMMIT.fullmatch(name) else None
