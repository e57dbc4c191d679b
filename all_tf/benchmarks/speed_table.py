"""The table of training speeds: one case a framework, architecture, precision and compiler."""

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from all_tf.config import choices
from all_tf.config.presets import default_experiment, find_row
from builders.architecture_info import CATALOGUE
from tfrecords.store.files import write_text

_PACKAGES = ("keras", "tensorflow", "jax", "jaxlib", "torch", "torchvision", "numpy")
_WHAT = ("arch", "image_size", "batch_size", "precision")  # The same in all frameworks.


class SpeedJob(NamedTuple):
    """A network's training step that is to be measured."""

    arch: str
    image_size: int  # Side, pixels.
    batch_size: int
    precision: str


def speed_jobs(
    archs: Sequence[str] = choices.ARCHITECTURE_NAMES,
    *,
    precisions: Sequence[str] = ("float32", "mixed_bfloat16"),
    quick: bool = False,
) -> list[SpeedJob]:
    """Return each architecture with the settings of its row, small ones first.

    A run that is cut short then has as many cases as it can.

    Args:
        archs: Names of architectures.
        precisions: Of each.
        quick: Batches of 4 images of 64 pixels, to see on a processor that all of it runs.
    """
    rows = [
        find_row(arch) or default_experiment(arch)
        for arch in sorted(archs, key=lambda arch: CATALOGUE[arch].parameters)
    ]
    return [
        SpeedJob(
            row.arch, 64 if quick else row.image_size, 4 if quick else row.batch_size, precision
        )
        for row in rows
        for precision in precisions
    ]


class SpeedTable:
    """The cases measured so far, in a file after each, so that a run that is cut short loses none.

    Args:
        device: Name of the device that is measured.
        path: A JSON file; the cases of an earlier run that it holds are kept. None for no file.
    """

    def __init__(self, device: str, path: Path | None = None):
        self._device, self._path = device, path
        self._cases: list[dict] = []
        if path is not None and path.exists():
            self._cases = json.loads(path.read_text())["cases"]

    def missing(self, jobs: Sequence[SpeedJob], framework: str) -> list[SpeedJob]:
        """The jobs that a framework has not yet been measured in; failed ones are tried again."""
        done = {_key(case) for case in self._cases if _measured(case)}
        return [job for job in jobs if (framework, *job) not in done]

    def add(self, case: dict) -> None:
        """Print a case to standard error and write the file anew."""
        self._cases.append(case)
        print(json.dumps(self.as_dict()["cases"][-1]), file=sys.stderr, flush=True)
        if self._path is not None:
            write_text(self._path, json.dumps(self.as_dict(), indent=2) + "\n")

    def as_dict(self) -> dict[str, Any]:
        """Device, versions and cases, each with its `ratio_to_torch` where both were measured."""
        torch = {_key(x)[1:]: x for x in self._cases if x["framework"] == "torch" and _measured(x)}
        return {
            "device": self._device,
            "versions": versions(),
            "cases": [case | _ratio(case, torch.get(_key(case)[1:])) for case in self._cases],
        }


def _key(case: dict) -> tuple:
    return tuple(case[name] for name in ("framework", *_WHAT))


def _measured(case: dict) -> bool:
    return "images_per_second" in case


def _ratio(case: dict, torch: dict | None) -> dict[str, float]:
    if torch is None or case["framework"] == "torch" or not _measured(case):
        return {}
    return {"ratio_to_torch": round(case["images_per_second"] / torch["images_per_second"], 3)}


def versions() -> dict[str, str]:
    """The versions of the frameworks that are installed."""
    found = {name: _version(name) for name in _PACKAGES}
    return {name: version for name, version in found.items() if version}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def failure(error: BaseException) -> dict[str, object]:
    """The content of a case that failed: the kind of error and the start of its message."""
    reason = " ".join(str(error).split())[:300]
    return {"failed": f"{type(error).__name__}: {reason}"}
