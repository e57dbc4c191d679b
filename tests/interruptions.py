"""Runs of scripts/train.py that are cut off, and what two runs have in common but for the time."""

import json
import subprocess
import sys
import time
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorflow.core.util.event_pb2 import Event

from tests.conftest import ROOT, read_rows

_OF_TIME = ("seconds", "images_per_second")
# Everything in which a run that goes on could differ from one that was never cut off.
OPTIONS = (
    *("--arch", "base_cnn", "--image-size", 32, "--batch-size", 16, "--learning-rate", 0.03),
    *("--seed", 5, "--fold", 1, "--augment", "hflip,random_crop,rotate,mixup", "--ema", 0.9),
    *("--imbalance", "balance_groups", "--dropout", 0.3, "--freeze-epochs", 1),
    *("--schedule", "cosine", "--warmup-epochs", 1, "--optimizer", "adamw"),
    *("--weight-decay", 0.01, "--monitor", "val_loss", "--deterministic"),
)


def start(run: Path, *, records: Path, epochs: int) -> subprocess.Popen:
    """Begin a training, or go on with one whose run has begun."""
    arguments = ["--resume", run]
    if not (run / "config.json").exists():
        arguments = [*OPTIONS, "--epochs", epochs, "--records", records, "--run-dir", run]
    return subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "train.py", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def cut_off(run: Path, number: int, *, after: float, records: Path, epochs: int) -> tuple[int, str]:
    """Send a signal some seconds after training has begun: the exit code, and stderr."""
    process = start(run, records=records, epochs=epochs)
    while process.poll() is None and not _runs(run, process.pid):
        time.sleep(0.01)
    time.sleep(after)
    process.send_signal(number)
    _, errors = process.communicate()
    return process.returncode, errors


def finish(run: Path, *, records: Path, epochs: int) -> str:
    """Train to the end: stdout."""
    output, errors = start(run, records=records, epochs=epochs).communicate()
    assert json.loads((run / "status.json").read_text())["state"] == "finished", errors
    return output


def _runs(run: Path, pid: int) -> bool:
    """Whether a process has claimed a run and gone on to train."""
    try:
        return json.loads((run / "status.json").read_text()).get("pid") == pid
    except (OSError, ValueError):
        return False


def essence(run: Path) -> dict:
    """All that two equal runs have in common."""
    last = max((run / "state").iterdir())
    digests = json.loads((last / "digests.json").read_text())
    report = json.loads((run / "metrics.json").read_text())
    return {
        "last state": (last.name, digests["arrays.npz"]),
        "best weights": (digests["best.weights.h5"], report["weights_sha256"]),
        "history": [
            {key: value for key, value in row.items() if key not in _OF_TIME}
            for row in read_rows(run / "history.csv")
        ],
        "predictions": (run / "predictions.csv").read_bytes(),
        "final": (run / "evaluation/validation/predictions.csv").read_bytes(),
        "report": {key: value for key, value in report.items() if key not in _OF_TIME},
        "steps": {name: steps_of(run, name) for name in ("train", "selection")},
        "result": tags_of(run),
    }


def steps_of(run: Path, folder: str) -> list[int]:
    """The steps at which TensorBoard has a loss, file by file, as they were written."""
    return [
        event.step
        for path in sorted((run / "tensorboard" / folder).glob("events*.v2"), key=_written)
        for event in map(Event.FromString, RawEventFileLoader(str(path)).Load())
        if any(value.tag == "loss" for value in event.summary.value)
    ]


def _written(path: Path) -> tuple[int, int]:
    """The second in which an event file was begun, and its number among those of its process."""
    parts = path.name.removesuffix(".result.v2").removesuffix(".v2").split(".")
    return int(parts[3]), int(parts[-1])


def tags_of(run: Path) -> list[str]:
    """What TensorBoard has of the run's result, in the order in which it was written."""
    return [
        value.tag
        for path in sorted((run / "tensorboard/selection").glob("*.result.v2"))
        for event in map(Event.FromString, RawEventFileLoader(str(path)).Load())
        for value in event.summary.value
    ]
