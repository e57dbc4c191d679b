"""environment.json: versions, hardware and command of a run."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import keras
import tensorflow as tf

from all_tf.runs.folder import write_json

_PACKAGES = (
    "tensorflow",
    "keras",
    "keras-cv",
    "tensorflow-datasets",
    "scikit-learn",
    "numpy",
    "pillow",
)
_PACKAGES_OF = {"jax": ("jax", "jaxlib")}  # By Keras' backend.


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
                name: version(name) for name in (*_PACKAGES, *_PACKAGES_OF.get(backend, ()))
            },
            "commit": _commit(),
            "command": sys.argv,
        },
    )


def _commit() -> str | None:
    """Return the commit of this checkout; None if the code is not in one."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or None
