"""A command that is killed, told to end or finds a full disk at any moment, and what is then left.

Whatever was whole before stays as it was; a run verifies or says that it has not ended.
"""

import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from all_tf.runs.folder import RunError
from all_tf.runs.verification import verify
from tests.conftest import ROOT, without_coverage
from tfrecords.store.verification import verify_records

KINDS = ("killed", "full disk", "told to end")
# How many of each kind a command meets: ALL_TF_FAULTS=50,20,20 for a long test. In a short one
# each command meets those that its test names.
_ASKED = os.environ.get("ALL_TF_FAULTS")
FAULTS = dict(zip(KINDS, map(int, _ASKED.split(",")), strict=True)) if _ASKED else None
_FINISHED = "there is nothing to resume"
_LEFT_BEHIND = ("or a training that it left behind. Wait for its end", "rows are left to the proc")
OPTIONS = (
    *("--arch", "base_cnn", "--image-size", "32", "--batch-size", "16", "--epochs", "2"),
    *("--weights", "none", "--seed", "5", "--deterministic"),
)
ROWS = "base_cnn,vgg16"
# Results that two equal commands have in common; of JSON, apart from times and places.
RESULTS = ("predictions.csv", "per_patient.csv", "probes.csv", "metrics.json", "probes.json")
OF_TIME = {"images_per_second", "seconds", "weights_sha256", "records"}


class Command(NamedTuple):
    """A command line whose parts may name `{out}`, a folder of its own.

    Attributes:
        words: Of the command.
        result: What it has made, from `out`: to be equal however often it was disturbed.
        again: The command that resumes, where that is another one.
        begun: Whether `again` is to be used, from `out`.
        before: Folders that are copied into `out` first.
        once: Whether it has nothing left to do after its end.
        briefly: The faults of a short test, of `KINDS`.
    """

    words: Sequence[object]
    result: Callable[[Path], object]
    again: Sequence[object] = ()
    begun: Callable[[Path], bool] = lambda out: False
    before: Sequence[Path] = ()
    once: bool = False
    briefly: Sequence[str] = KINDS


class Undisturbed(NamedTuple):
    """A command that nothing has disturbed."""

    out: Path  # What it has made lies in there.
    seconds: float  # That it took.


def script(name: str, *options: object) -> list[object]:
    return [ROOT / "scripts" / name, *options]


def training(records: Path, *options: object) -> list[object]:
    """A small training, into `{out}/run`."""
    return script("train.py", *OPTIONS, *options, "--records", records, "--run-dir", "{out}/run")


def results(out: Path) -> dict[str, object]:
    """Every result file below a folder."""
    files = sorted(path for path in out.rglob("*") if path.name in RESULTS)
    return {str(path.relative_to(out)): content(path) for path in files}


def content(path: Path) -> object:
    if path.suffix != ".json":
        return path.read_bytes()
    found = json.loads(path.read_text())
    return {key: value for key, value in found.items() if key not in OF_TIME}


def pages(out: Path) -> dict[str, bytes]:
    names = ("report.html", "MODEL_CARD.md")
    return {name: (out / "run" / name).read_bytes() for name in names}


def tables(out: Path) -> dict[str, bytes]:
    return {name: (out / "study" / name).read_bytes() for name in ("study.md", "study.csv")}


def whole_records(out: Path) -> dict[str, bytes]:
    verify_records(out / "records")
    return {path.name: path.read_bytes() for path in (out / "records").iterdir()}


def in_run(out: Path) -> bool:
    return (out / "run/config.json").exists()


def command_line(words: Sequence[object], out: Path) -> list[str]:
    return [sys.executable, *(str(word).replace("{out}", str(out)) for word in words)]


def call(words: Sequence[object], out: Path, **options) -> subprocess.CompletedProcess:
    command = command_line(words, out)
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def disturb(words: Sequence[object], out: Path, kind: str, *, rng, seconds: float) -> bool:
    """Run a command with one fault, check how it says so; whether it came to its end all the same.

    A training that an earlier fault left behind is waited for: the fault is to meet the command.
    """
    most = int(10 ** rng.uniform(1.5, 6.5))  # Bytes of one file, from 30 to 3 million.
    moment = rng.uniform(0.1, 1.0) * seconds
    number = {"killed": signal.SIGKILL, "told to end": signal.SIGTERM}.get(kind)
    meet = partial(signalled, number, moment) if number else partial(limited, most)
    ended = meet(words, out)
    while left_behind(ended):
        time.sleep(1)
        ended = meet(words, out)
    fault = (kind, moment if number else most, ended.stderr[-2000:])
    at_its_end = ended.returncode == 0 or _FINISHED in ended.stderr
    # A signal that comes before Python handles it ends the process by itself.
    allowed = (-number, 128 + number) if number else (1,)
    assert at_its_end or ended.returncode in allowed, fault
    assert "Traceback" not in ended.stderr, fault
    return at_its_end


def limited(most: int, words: Sequence[object], out: Path) -> subprocess.CompletedProcess:
    """Run a command whose files may have so many bytes, which stands for a full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return call(words, out, preexec_fn=limit, env=without_coverage())


def signalled(
    number: int, moment: float, words: Sequence[object], out: Path
) -> subprocess.CompletedProcess:
    """Run a command and send it a signal after so many seconds."""
    command = command_line(words, out)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        printed, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(command, process.returncode, printed, errors)


def left_behind(ended: subprocess.CompletedProcess) -> bool:
    """Whether a command waits for the training of a fold, or of a row, that a kill left."""
    return any(text in ended.stderr + ended.stdout for text in _LEFT_BEHIND)


def check_left(out: Path, before: dict[Path, bytes]) -> None:
    """Records are whole, runs verify or have not ended, inputs are as before."""
    for name, data in before.items():
        assert (out / name).read_bytes() == data, name
    if (out / "records").exists():
        verify_records(out / "records")
    for run in [out / "run", *(out / "run").glob("fold-*")]:
        try:
            checked = verify(run) if run.exists() else []
        except RunError:  # It says that the run has not ended.
            continue
        drift = [(each.folder.name, line) for each in checked for line in each.drift]
        assert not drift or not is_done(run), drift


def is_done(run: Path) -> bool:
    path = run / "status.json"
    return path.exists() and json.loads(path.read_text())["state"] == "finished"


def end_undisturbed(words: Sequence[object], out: Path) -> Undisturbed:
    began = time.monotonic()
    call(words, out).check_returncode()
    return Undisturbed(out, time.monotonic() - began)


def check(
    command: Command, tmp_path: Path, seed: str, *, undisturbed: Undisturbed | None = None
) -> None:
    """Run a command undisturbed, then with faults; compare the ends.

    What has nothing left to do begins anew in another folder, so that each fault meets work.

    Args:
        command: What is run.
        tmp_path: Where its folders are made.
        seed: Of the faults and their moments.
        undisturbed: The same command, if it has been run already.
    """
    numbers = itertools.count()

    def begin() -> Path:
        out = tmp_path / f"out-{next(numbers)}"
        out.mkdir()
        for folder in command.before:
            shutil.copytree(folder, out / folder.name)
        return out

    undisturbed = undisturbed or end_undisturbed(command.words, begin())
    expected, rng = command.result(undisturbed.out), random.Random(seed)
    out = begin()
    before = {path.relative_to(out): path.read_bytes() for path in files_below(out)}
    faults = [*command.briefly]
    if FAULTS:
        faults = [kind for kind in KINDS for _ in range(FAULTS[kind])]
    rng.shuffle(faults)
    for kind in faults:
        words = command.again if command.begun(out) else command.words
        at_its_end = disturb(words, out, kind, rng=rng, seconds=undisturbed.seconds)
        check_left(out, before)
        if at_its_end and command.once:
            check_end(command, out, expected)
            shutil.rmtree(out)
            out = begin()
    check_end(command, out, expected)


def check_end(command: Command, out: Path, expected: object) -> None:
    """Run it to its end: it has made what it makes undisturbed, and nothing else is left."""
    words = command.again if command.begun(out) else command.words
    ended = call(words, out)
    while left_behind(ended):
        time.sleep(1)
        ended = call(words, out)
    assert ended.returncode == 0 or _FINISHED in ended.stderr, ended.stderr[-2000:]
    assert command.result(out) == expected
    left = [str(path) for path in out.rglob("*") if ".partial" in path.name]
    assert not left


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
