"""What a run's files say, gathered for whoever writes about it; nothing is computed here twice."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.scored_set import Count, ScoredSet, count
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.folder import (
    CONFIG_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    RunError,
    evaluation_folder,
    is_cross_validation,
    read_config,
    read_metrics,
)
from all_tf.runs.out_of_fold import out_of_fold_folder
from all_tf.runs.prediction_files import read_predictions
from tfrecords.store.folds import FOLDS_FILE, read_folds
from tfrecords.store.index import read_index
from tfrecords.store.manifest import MANIFEST_FILE, digest_file

EXPLANATIONS, _PROBES = "explanations", "probes"  # Folders within a run.
# What is read of a file; without one of these it is damaged, or of another version.
_OF_CONFIG = {"view", "num_parameters", "folds", "manifest_sha256", "folds_sha256"}
_OF_METRICS = {"split", "fold", "stamps", "threshold", "best_epoch", "selected_on", "f1_low"}
_OF_PROBES = {"model", "probes", "stamps", "margin_low", "num_groups_all", "verdict"}
_OF_EXPLANATIONS = {"verdict", "randomised", "map_side", "cells"}
_PUBLISHED_FILE = "published.csv"


@dataclass(frozen=True)
class Source:
    """What the records say of what a run has learnt from."""

    learnt: Count
    published: int  # Images of the records that are byte for byte those of C-NMC 2019.
    images: int  # Of the records.


@dataclass(frozen=True)
class RunFacts:
    """A finished run, or a cross-validation, read from its files."""

    folder: Path
    num_folds: int  # Of a cross-validation, each with a network; 0 for a run.
    experiment: Experiment  # Of the first fold.
    config: dict  # What config.json holds beside the experiment.
    environment: dict
    history: list[dict[str, str]]
    judged: ScoredSet  # That the run is judged by.
    sets: list[ScoredSet]  # All that it was scored on and whose labels are known.
    calibration: Calibration
    source: Source | None  # None where the records are not at hand.
    probes: dict | None  # Of probes.json; None where none were run.
    explanations: dict | None  # Of explanations.json; None where none were drawn.

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.resolve().name


def read_facts(run: Path, *, records: Path | None = None) -> RunFacts:
    """Read a run, or a cross-validation: a folder with a run for each fold.

    Args:
        run: The folder.
        records: Where the records are; None for where they were when it was trained.

    Raises:
        RunError: There is no run, it has not ended, or a file of it is damaged.
    """
    folds = _folds(run) if is_cross_validation(run) else []
    first = folds[0] if folds else run
    experiment, config = read_config(first)
    _require(first / CONFIG_FILE, config, _OF_CONFIG)
    scored = [out_of_fold_folder(run), *folds] if folds else [run, *_evaluations(run)]
    reports = {folder: read_metrics(folder) for folder in scored}
    sets = {
        folder: _read_set(folder, report) for folder, report in reports.items() if "f1" in report
    }
    records = records or Path(config.get("records", ""))
    return RunFacts(
        folder=run,
        num_folds=len(folds),
        experiment=experiment,
        config=config,
        environment=_read_json(first / "environment.json"),
        history=_read_csv(run / HISTORY_FILE),
        judged=sets.get(evaluation_folder(run, "validation", None), sets[scored[0]]),
        sets=list(sets.values()),
        calibration=read_calibration(scored[0]),
        source=_read_source(records, experiment, config, every_fold=bool(folds)),
        probes=_read_found(run / _PROBES / "probes.json", _OF_PROBES),
        explanations=_read_found(run / EXPLANATIONS / "explanations.json", _OF_EXPLANATIONS),
    )


def _folds(folder: Path) -> list[Path]:
    """The runs of a cross-validation, in the order of their folds."""
    runs = [file.parent for file in folder.glob(f"fold-*/{CONFIG_FILE}")]
    return sorted(runs, key=lambda run: (len(run.name), run.name))


def _evaluations(run: Path) -> list[Path]:
    return sorted(path.parent for path in run.glob(f"evaluation/*/{METRICS_FILE}"))


def _read_set(folder: Path, report: dict) -> ScoredSet:
    _require(folder / METRICS_FILE, report, _OF_METRICS)
    predictions = read_predictions(folder / PREDICTIONS_FILE)
    patients = patient_rows(predictions, threshold=report["threshold"])
    return ScoredSet(report, predictions, patients)


def _read_source(
    records: Path, experiment: Experiment, config: dict, *, every_fold: bool
) -> Source | None:
    if not _are_the_run_s(records, config):
        return None
    fold_of_name = read_folds(records)
    rows = read_index(records)
    statuses = {row["name"]: row["status"] for row in _read_csv(records / _PUBLISHED_FILE)}
    kept = experiment.fold if experiment.protocol == "honest" and not every_fold else None
    learnt = [
        (row.label, row.patient)
        for row in rows
        if row.split == "train" and not row.duplicate_of and fold_of_name[row.name] != kept
    ]
    published = sum(statuses.get(row.name) == "exact" for row in rows)
    return Source(count(learnt), published, len(rows))


def _are_the_run_s(records: Path, config: dict) -> bool:
    digests = {MANIFEST_FILE: config["manifest_sha256"], FOLDS_FILE: config["folds_sha256"]}
    return all(
        (records / file).is_file() and digest_file(records / file) == digest
        for file, digest in digests.items()
    )


def _require(path: Path, content: dict, keys: set[str]) -> None:
    if absent := sorted(keys - content.keys()):
        raise RunError(
            f"{path} is damaged or of another version: it has no {', '.join(absent)}. Train again."
        )


def _read_found(path: Path, keys: set[str]) -> dict | None:
    """What a command has found; None where that must be done, or done again."""
    content = _read_json(path)
    return content if keys <= content.keys() else None


def _read_csv(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
