"""The state of a training after an epoch, on disk: whole or absent, verified, and without code."""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from all_tf.evaluation.run_weights import BEST_FILE
from all_tf.runs.folder import CONFIG_FILE, RunError, state_folders
from tfrecords.packing.atomic import fresh_directory
from tfrecords.store.manifest import digest_file

_ARRAYS, _PROGRESS, _DIGESTS = "arrays.npz", "state.json", "digests.json"
_NUM_KEPT = 2  # One would do, were disks as good as their word.


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training has come, beside its weights."""

    epoch: int = 0  # Epochs done.
    ended: bool = False  # No epoch is to follow.
    best_epoch: int | None = None  # Counted from 1; None before one had a finite figure.
    best: float | None = None  # The figure then.
    history: list[dict] = field(default_factory=list)  # The rows of history.csv.


def save_state(run: Path, progress: TrainingProgress, arrays: dict[str, np.ndarray]) -> None:
    """Write `run`/state/epoch-NNNN, with the best weights so far, and drop all states but two.

    The list of SHA-256 is written last, everything is brought to the disk, and only then does the
    directory take its name: a kill or a power cut at any moment leaves the states before it.

    Args:
        run: Holds config.json, of which a copy goes along: seed, settings, digests of the records.
        progress: Of the training, after an epoch.
        arrays: Numbers only, by name.
    """
    target = run / "state" / f"epoch-{progress.epoch:04d}"
    with fresh_directory(target, overwrite=True, marker=_DIGESTS) as directory:
        for leftover in directory.iterdir():  # Of a kill while this epoch was written before.
            leftover.unlink()
        # mypy takes what is unpacked for `allow_pickle`, a keyword of savez, too.
        np.savez(directory / _ARRAYS, **arrays)  # type: ignore[arg-type]
        (directory / _PROGRESS).write_text(json.dumps(asdict(progress)), encoding="utf-8")
        shutil.copyfile(run / CONFIG_FILE, directory / CONFIG_FILE)
        if progress.best_epoch is not None:
            _share(run / BEST_FILE, directory / BEST_FILE)
        digests = {path.name: digest_file(path) for path in sorted(directory.iterdir())}
        (directory / _DIGESTS).write_text(json.dumps(digests, indent=2), encoding="utf-8")
    for folder in state_folders(run)[_NUM_KEPT:]:
        shutil.rmtree(folder)


def newest_state(run: Path) -> Path | None:
    """The newest state that is as it was written; None where no epoch was completed.

    Newer ones that are not are named and removed: their epochs come again.

    Raises:
        RunError: There are states, but none is whole, or the settings were changed since.
    """
    damage = {}
    for folder in state_folders(run):
        if reason := _damage(folder):
            damage[folder] = reason
            continue
        if (folder / CONFIG_FILE).read_bytes() != (run / CONFIG_FILE).read_bytes():
            raise RunError(
                f"{run / CONFIG_FILE} is not what the run was started with. Restore it from "
                f"{folder / CONFIG_FILE}, or start a new run with other settings."
            )
        for damaged, reason in damage.items():
            print(f"{damaged} is damaged ({reason}) and not used", flush=True)
            shutil.rmtree(damaged)
        return folder
    if damage:
        reasons = "; ".join(f"{folder.name}: {reason}" for folder, reason in damage.items())
        raise RunError(f"No state in {run / 'state'} is whole. Train again. Received: {reasons}")
    return None


def read_state(folder: Path) -> tuple[TrainingProgress, dict[str, np.ndarray]]:
    """What `save_state` wrote; `folder` comes from `newest_state`."""
    progress = TrainingProgress(**json.loads((folder / _PROGRESS).read_text(encoding="utf-8")))
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        return progress, dict(arrays)


def reset_best(run: Path, folder: Path | None) -> None:
    """Put the best weights of a state back: an epoch that was cut off may have written others."""
    (run / BEST_FILE).unlink(missing_ok=True)
    if folder is not None and (folder / BEST_FILE).is_file():
        _share(folder / BEST_FILE, run / BEST_FILE)


def _share(source: Path, target: Path) -> None:
    """One file under two names where the disk can; `save_weights` never writes into a file."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _damage(folder: Path) -> str | None:
    """What is wrong with a state; None if it is as it was written."""
    try:
        digests = json.loads((folder / _DIGESTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"no legible {_DIGESTS}"
    found = {path.name for path in folder.iterdir()} - {_DIGESTS}
    if found != set(digests) or not {_ARRAYS, _PROGRESS, CONFIG_FILE} <= found:
        return "files are missing or were added"
    changed = [name for name, digest in digests.items() if digest_file(folder / name) != digest]
    return f"{', '.join(changed)} changed" if changed else None
