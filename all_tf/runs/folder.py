"""Reads and writes files of a run's folder, without TensorFlow: config, metrics, status."""

import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import NamedTuple

from all_tf.config.experiment import LATER_SETTINGS, Experiment
from all_tf.runs.errors import RunError
from all_tf.runs.fields import CONFIG, METRICS_JSON, STATUS
from all_tf.runs.strict_reading import damage_error, read_object
from all_tf.system.script_command import script_command
from tfrecords.store.files import write_text
from tfrecords.store.manifest import read_manifest

CONFIG_FILE = "config.json"
METRICS_FILE = "metrics.json"
PREDICTIONS_FILE = "predictions.csv"
HISTORY_FILE = "history.csv"
CALIBRATION_FILE = "calibration.json"
STATUS_FILE = "status.json"
SUBMISSION_FILE = "submission.zip"
EVENTS_FOLDER = "tensorboard"
PROBES_FOLDER = "probes"
EXPLANATIONS_FOLDER = "explanations"
CALIBRATIONS_FOLDER = "calibrations"  # A folder for each name, with these files in it.
FIT_FILE = "fit.json"
CROSS_VALIDATION_FILE = "cross-validation.json"  # In a folder of runs, one per fold.


class EvaluationSet(NamedTuple):
    """The cells that a finished run is evaluated on."""

    split: str | None = None  # "validation", "test", "train"; None: chosen by `evaluated_on`.
    fold: int | None = None  # Of the training split; None for all of it.
    records: Path | None = None  # A records directory; None for the one the run was trained on.
    trusted: bool = False  # As `all_tf.data.cells.load_cells` takes it.
    overwrite: bool = False  # Whether a result on the same other records may be replaced.

    def split_and_fold(self) -> tuple[str, int | None]:
        """The split and the fold, if the split is named.

        Raises:
            ValueError: It is not.
        """
        if self.split is None:
            raise ValueError("Expected the name of a split. Received: split=None")
        return self.split, self.fold


def write_json(path: Path, content: dict) -> None:
    """Write a JSON file, whole or not at all; ValueError for a number that is not finite."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_config(run: Path, experiment: Experiment, facts: dict) -> None:
    """Write config.json: the experiment, and facts that follow from it and the records."""
    write_json(run / CONFIG_FILE, {"experiment": asdict(experiment), **facts})


def read_config(run: Path) -> tuple[Experiment, dict]:
    """Read the experiment of a run, and the facts stored with it.

    Raises:
        RunError: There is no run, or its config.json is damaged.
    """
    path = run / CONFIG_FILE
    if not path.is_file():
        raise RunError(f"No run in {run}: it has no {CONFIG_FILE}. Name a folder below runs/.")
    facts = read_object(path, CONFIG, needed=("experiment",))
    return checked_experiment(path, facts.pop("experiment")), facts


def checked_experiment(path: Path, settings: dict) -> Experiment:
    """The experiment whose fields a JSON file holds.

    Args:
        path: The file, for the message of an error.
        settings: As `asdict` gives them; a field that came after the file was written has its
            default.

    Raises:
        RunError: A field has a wrong type or value, or one that the file's version has is not
            there.
    """
    version = {name: n for n, came in enumerate(LATER_SETTINGS, 1) for name in came}
    newest = max((version.get(name, 0) for name in settings), default=0)
    needed = [each.name for each in fields(Experiment) if version.get(each.name, 0) <= newest]
    if lacking := [name for name in needed if name not in settings]:
        why = f"it lacks the field {lacking[0]}; copy {CONFIG_FILE} of a run and change it."
        raise damage_error(path, None, "experiment", why)
    try:
        return Experiment(**{**settings, "augment": tuple(settings["augment"])})
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise damage_error(path, None, "experiment", str(error)) from error


def read_metrics(run: Path) -> dict:
    """Read metrics.json of a finished run.

    Raises:
        RunError: The file is damaged, or missing: the run has not ended.
    """
    path = run / METRICS_FILE
    if not path.is_file():
        raise RunError(f"{run} has no {METRICS_FILE}: its training has not ended. Train again.")
    return read_object(path, METRICS_JSON)


def write_status(run: Path, state: str, *, epochs_done: int, **more: object) -> None:
    """Write status.json: running, interrupted, failed or finished, and the epochs done so far."""
    status = {"state": state, "epochs_done": epochs_done, "pid": os.getpid(), **more}
    write_json(run / STATUS_FILE, status)


def read_status(run: Path) -> dict:
    """Read status.json of a run; empty if it is missing, or cut by a power failure.

    Raises:
        RunError: A field of it has another value than `write_status` writes.
    """
    path = run / STATUS_FILE
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return read_object(path, STATUS)


def state_folders(run: Path) -> list[Path]:
    """Folders with the state of a run after each of its last epochs, newest first."""
    return sorted((run / "state").glob("epoch-*"), reverse=True)


def epochs_done(run: Path) -> int:
    """The last epoch after which a run's state was saved; 0 before the first."""
    folders = state_folders(run)
    return epoch_of(folders[0]) if folders else 0


def epoch_of(state: Path) -> int:
    """The epoch after which a state was saved, by the name of its folder."""
    return int(state.name.removeprefix("epoch-"))


def resume_command(run: Path) -> str:
    """The command that resumes a run."""
    return script_command("train.py", "--resume", run)


def is_cross_validation(folder: Path) -> bool:
    """Whether a folder holds a cross-validation rather than a run."""
    return (folder / CROSS_VALIDATION_FILE).is_file()


def set_name(split: str, fold: int | None) -> str:
    """The name of a set in texts and file names: "validation", "train fold 0"."""
    return split if fold is None else f"{split} fold {fold}"


def evaluation_folder(
    run: Path,
    split: str,
    fold: int | None,
    *,
    tta: int = 1,
    other_records: str = "",
    calibration: str = "",
) -> Path:
    """The folder of a run's evaluation of a set; each number of test-time views has its own.

    Args:
        run: The run's folder.
        split, fold: The set.
        tta: The number of test-time views.
        other_records: `other_records_folder` of records that the run was not trained on; empty for
            its own. Results on other records never replace those on its own, or on further ones.
        calibration: The name of the calibration, if it is not the run's own.
    """
    views = f"-tta-{tta}" if tta > 1 else ""
    place = run / "evaluation"
    if other_records:
        place /= other_records
    by = f"-calibrated-{calibration}" if calibration else ""
    return place / (set_name(split, fold).replace(" ", "-") + views + by)


def other_records_folder(name: str, manifest_sha256: str) -> str:
    """The folder for results on records that a run was not trained on: "Kyiv-2026-1a2b3c4d5e6f".

    Args:
        name: Of the records. Only its ASCII letters and digits, "." and "_" go into the folder.
        manifest_sha256: Of their manifest. With it, two records of one name have two folders.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9._]+", "-", plain).strip("-.")
    return f"{slug[:40] or 'records'}-{manifest_sha256[:12]}"


def refuse_overwriting(folder: Path, file: str, asked: EvaluationSet) -> None:
    """Refuse to replace a result on records that a run was not trained on.

    Args:
        folder: Where it would be written.
        file: The file that a result has there.
        asked: The set.

    Raises:
        RunError: There is one, and the set does not say that it may be replaced.
    """
    if (folder / file).exists() and not asked.overwrite:
        raise RunError(
            f"{folder} holds a result on these records already. To replace it, pass --overwrite."
        )


def other_records(report: Mapping, facts: Mapping) -> str:
    """The manifest's SHA-256 of the records of a report; empty for the run's own records.

    Args:
        report: As metrics.json holds it. One of an earlier version names no records; it was
            written by the training, on the run's own.
        facts: The entries of the run's config.json other than the experiment.
    """
    own = facts.get("manifest_sha256", "")
    measured_on = str(report.get("records_sha256", own))
    return "" if measured_on == own else measured_on


def refuse_links(run: Path, *, files: bool = False) -> None:
    """Refuse a run in which a folder is a symbolic link: what is written there would lie elsewhere.

    Args:
        run: The run's folder, which may itself be reached by a link.
        files: Whether links to files are refused, too. Without it they are replaced by
            `atomic_write`, and not read.

    Raises:
        RunError: There is such a link.
    """
    for path in links_in(run, files=files):
        raise RunError(
            f"{path} is a symbolic link, and a run holds none: what it points to would be "
            "changed or read. Remove the link."
        )


def links_in(run: Path, *, files: bool = False) -> Iterator[Path]:
    """The folders in a run, and where `files` says so the files, that are symbolic links."""
    for place, folders, names in os.walk(run):
        each = (Path(place, name) for name in (*folders, *(names if files else ())))
        yield from filter(Path.is_symlink, each)


def is_finished(run: Path, records: Path) -> bool:
    """Whether a run has ended and was evaluated on every set that its protocol asks for."""
    if not (run / METRICS_FILE).is_file():
        return False
    experiment, _ = read_config(run)
    scores_more = (
        experiment.protocol == "honest"
        and experiment.score_held_out
        and "validation" in read_manifest(records)["splits"]
    )
    return not scores_more or (evaluation_folder(run, "validation", None) / METRICS_FILE).is_file()
