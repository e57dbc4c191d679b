"""The table of training speeds: one case a framework, architecture, precision and compiler."""

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from all_tf.config import choices
from all_tf.config.presets import EXPERIMENTS

# Cheap ones first: a run that is cut short has as many cases as it can.
_CHEAP_FIRST = (
    "base_cnn",
    "cellnet",
    "vgg16",
    "vgg19",
    "googlenet",
    "efficientnetb0",
    "densenet121",
    "densenet161",
    "efficientnetb3",
    "resnet152",
    "densenet169",
    "efficientnetb4",
    "efficientnetb5",
    "efficientnetb7",
)
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
    """Each architecture as its row of the study has it, cheap ones first.

    Args:
        archs: Their names.
        precisions: Of each.
        quick: Batches of 4 images of 64 pixels, to see on a processor that all of it runs.
    """
    rows = [
        next(row for row in EXPERIMENTS.values() if row.arch == arch)
        for arch in sorted(archs, key=_CHEAP_FIRST.index)
    ]
    return [
        SpeedJob(
            row.arch, 64 if quick else row.image_size, 4 if quick else row.batch_size, precision
        )
        for row in rows
        for precision in precisions
    ]


class SpeedTable:
    """Cases as they are measured, in a file from the first on: a run that is cut loses none.

    Args:
        device: What is measured on, its name.
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
            beside = self._path.with_name(f"{self._path.name}.new")
            beside.write_text(json.dumps(self.as_dict(), indent=2))
            beside.replace(self._path)

    def as_dict(self) -> dict[str, object]:
        """Device, versions and cases, each with its `ratio_to_torch` where both were measured."""
        torch = {_key(x)[1:]: x for x in self._cases if x["framework"] == "torch" and _measured(x)}
        versions = {name: _version(name) for name in _PACKAGES}
        return {
            "device": self._device,
            "versions": {name: version for name, version in versions.items() if version},
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


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def failure(error: BaseException) -> dict[str, str]:
    """What a case has in the place of figures: the kind of error and the start of its message."""
    reason = " ".join(str(error).split())[:300]
    return {"failed": f"{type(error).__name__}: {reason}"}
