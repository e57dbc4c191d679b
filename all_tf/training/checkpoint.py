"""State of a training after an epoch, on disk: written atomically, verified, only numbers."""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from all_tf.evaluation.run_weights import BEST_FILE
from all_tf.runs.folder import CONFIG_FILE, RunError, state_folders
from tfrecords.packing.atomic import fresh_directory
from tfrecords.store.manifest import digest_file
from tfrecords.store.strict_json import parse_json

_ARRAYS, _PROGRESS, _DIGESTS = "arrays.npz", "state.json", "digests.json"
_NUM_KEPT = 2  # The second is a fallback if the newest is damaged.


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of a training, apart from its weights."""

    epoch: int = 0  # Number of finished epochs.
    ended: bool = False  # Whether no epoch follows.
    best_epoch: int | None = None  # From 1; None if no epoch had a finite metric yet.
    best: float | None = None  # The metric of the best epoch.
    history: list[dict] = field(default_factory=list)  # The rows of history.csv.


def save_state(run: Path, progress: TrainingProgress, arrays: dict[str, np.ndarray]) -> None:
    """Write `run`/state/epoch-NNNN with the best weights so far, and keep only two states.

    The list of SHA-256 is written last, all files are synced to the disk, and then the directory
    is renamed: a kill or a power cut at any moment leaves the earlier states.

    Args:
        run: The run's folder; the state gets a copy of its config.json, with seed, settings and
            digests of the records.
        progress: Progress after the epoch.
        arrays: Numeric arrays by name.
    """
    target = run / "state" / f"epoch-{progress.epoch:04d}"
    with fresh_directory(target, overwrite=True, marker=_DIGESTS) as directory:
        for leftover in directory.iterdir():  # An earlier process was killed while it wrote them.
            leftover.unlink()
        np.savez(directory / _ARRAYS, **arrays)  # type: ignore[arg-type]  # No array is called allow_pickle.
        (directory / _PROGRESS).write_text(json.dumps(asdict(progress)), encoding="utf-8")
        shutil.copyfile(run / CONFIG_FILE, directory / CONFIG_FILE)
        if progress.best_epoch is not None:
            _share(run / BEST_FILE, directory / BEST_FILE)
        digests = {path.name: digest_file(path) for path in sorted(directory.iterdir())}
        (directory / _DIGESTS).write_text(json.dumps(digests, indent=2), encoding="utf-8")
    for folder in state_folders(run)[_NUM_KEPT:]:
        shutil.rmtree(folder)


def newest_state(run: Path) -> Path | None:
    """Return the newest undamaged state; None if no epoch was completed.

    Newer, damaged states are reported and removed: their epochs are trained again.

    Raises:
        RunError: All states are damaged, or the settings of the run were changed.
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
        raise RunError(
            f"All states in {run / 'state'} are damaged. Train again. Received: {reasons}"
        )
    return None


def read_state(folder: Path) -> tuple[TrainingProgress, dict[str, np.ndarray]]:
    """Read what `save_state` wrote; `folder` comes from `newest_state`."""
    progress = TrainingProgress(**json.loads((folder / _PROGRESS).read_text(encoding="utf-8")))
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        return progress, dict(arrays)


def last_state(finished: Path) -> Path:
    """The state after the last epoch of a finished run, which stays as it is.

    Raises:
        RunError: It was removed, or is damaged or of an earlier epoch.
    """
    folders = state_folders(finished)
    reason = "it was removed"
    if folders and not (reason := _damage(folders[0]) or ""):
        progress, _ = read_state(folders[0])
        if progress.ended:
            return folders[0]
        reason = "it is not of the last epoch"
    raise RunError(
        f"{finished} cannot be gone on with: of the state after its last epoch, {reason}. Restore "
        f"{finished / 'state'}, or begin anew with its settings: --config {finished / CONFIG_FILE}"
    )


def adopt_state(finished: Path, run: Path) -> Path:
    """Copy the last state of a finished run to a new one, as of a training that goes on.

    Args:
        finished: A run as `last_state` takes it.
        run: The new run's folder, with its config.json.

    Returns:
        The new state.
    """
    there = last_state(finished)
    progress, arrays = read_state(there)
    if progress.best_epoch is not None:
        shutil.copyfile(there / BEST_FILE, run / BEST_FILE)
    save_state(run, replace(progress, ended=False), arrays)
    return state_folders(run)[0]


def reset_best(run: Path, folder: Path | None) -> None:
    """Restore the best weights of a state; an interrupted epoch may have written later ones."""
    (run / BEST_FILE).unlink(missing_ok=True)
    if folder is not None and (folder / BEST_FILE).is_file():
        _share(folder / BEST_FILE, run / BEST_FILE)


def _share(source: Path, target: Path) -> None:
    """Hard-link or copy a file; a link is safe because `save_weights` never changes a file."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _damage(folder: Path) -> str | None:
    """Describe the damage of a state; None if there is none."""
    try:
        digests = parse_json((folder / _DIGESTS).read_bytes())
    except (OSError, ValueError):
        return f"no legible {_DIGESTS}"
    if not isinstance(digests, dict):
        return f"no digests in {_DIGESTS}"
    found = {path.name for path in folder.iterdir()} - {_DIGESTS}
    if found != set(digests) or not {_ARRAYS, _PROGRESS, CONFIG_FILE} <= found:
        return "files are missing or were added"
    changed = [name for name, digest in digests.items() if digest_file(folder / name) != digest]
    return f"{', '.join(changed)} changed" if changed else None
