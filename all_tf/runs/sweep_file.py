"""sweep.json, which says what a sweep tries on what, and what a refit of its trial says of it."""

from dataclasses import asdict, dataclass
from pathlib import Path

from all_tf.runs.fields import SWEEP
from all_tf.runs.folder import CROSS_VALIDATION_FILE, RunError, write_json
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.strict_reading import read_object
from all_tf.system.outputs import is_unused

SWEEP_FILE = "sweep.json"
METRIC_NAMES = ("kappa", "auc")  # What a sweep may look for the highest mean of.


@dataclass(frozen=True)
class SweepFile:
    """What the workers of a sweep have in common, as sweep.json holds it."""

    name: str  # Of the study in its storage.
    storage: str  # "journal" or "database".
    metric: str  # One of `METRIC_NAMES`.
    space: dict  # The content of the space file.


def begin_sweep(folder: Path, asked: SweepFile, *, records: Path) -> SweepFile:
    """Write sweep.json, or return that of the same sweep; one process at a time.

    Args:
        folder: Of the sweep; new, empty or of the same sweep.
        asked: Its name counts only where the sweep is new.
        records: A records directory; a copy elsewhere is the same.

    Raises:
        RunError: The folder holds another sweep, or something else.
    """
    digest = RecordsDigest.of(records).as_dict()
    path = folder / SWEEP_FILE
    if not path.is_file():
        if not is_unused(folder):
            raise RunError(f"{folder} is not empty and holds no sweep. Name a new folder.")
        write_json(path, asdict(asked) | digest)
        return asked
    content = read_object(path, SWEEP, needed=SWEEP)
    there = SweepFile(**{key: content[key] for key in SWEEP})
    differing = [
        key for key in ("storage", "metric", "space") if getattr(there, key) != getattr(asked, key)
    ]
    differing += [key for key, value in digest.items() if content.get(key) != value]
    if differing:
        raise RunError(
            f"{folder} holds a sweep with another {', another '.join(differing)}. Name another "
            f"--study-dir, or go on with what its {SWEEP_FILE} says."
        )
    return there


def trial_name(number: int) -> str:
    """The name of the folder of a trial: a cross-validation in the folder of the sweep."""
    return f"trial-{number:04}"


def sweep_of_refit(folder: Path) -> dict[str, object] | None:
    """What config.json of a refit says of the sweep that chose its settings.

    Args:
        folder: The cross-validation that is refitted.

    Returns:
        With the number of trials that were begun; None where it is no trial of a sweep.
    """
    sweep = folder.resolve().parent
    if not (sweep / SWEEP_FILE).is_file():
        return None
    metric = read_object(sweep / SWEEP_FILE, SWEEP, needed=SWEEP)["metric"]
    trials = len(list(sweep.glob(f"trial-*/{CROSS_VALIDATION_FILE}")))
    return {"trials": trials, "trial": folder.resolve().name, "metric": metric}
