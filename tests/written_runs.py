"""Finished runs as their files have them, written without a training: for whoever reads runs."""

import csv
from pathlib import Path

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.folder import evaluation_folder, write_config, write_json
from all_tf.runs.prediction_files import (
    write_per_patient,
    write_predictions,
    write_scored_set,
)
from all_tf.runs.result_files import replaced_files

EXPERIMENT = Experiment("vgg16", epochs=3)
PATIENTS = tuple(f"ZEBRA{n}" for n in range(12))  # Ids that are nothing else in a page.


def draw_predictions(
    *, seed: int = 0, cells: int = 120, patients=PATIENTS, fold: int | None = None
) -> Predictions:
    """Cells of patients who take turns being ALL and HEM, most of them called right."""
    rng = np.random.default_rng(seed)
    places = np.arange(cells) % len(patients)
    labels = places % 2
    who = np.array(patients)[places]
    names = np.array([f"validation/UID_{each}_{n}_1.bmp" for n, each in enumerate(who)])
    logits = rng.normal(2.0 * labels - 1, 1.2)
    folds = None if fold is None else np.full(cells, fold)
    return Predictions(names, who, who, labels, logits, folds=folds)


def write_run(
    run: Path,
    *,
    experiment: Experiment = EXPERIMENT,
    evaluated: Predictions | None = None,
    stamps=(),
    **facts: object,
) -> Path:
    """A run that was scored on the preliminary phase, too.

    Args:
        run: Its folder, which is made.
        experiment: That it claims to be.
        evaluated: Of the preliminary phase.
        stamps: Of the figures there.
        **facts: More for its config.json.
    """
    run.mkdir(parents=True)
    digests = dict.fromkeys(("manifest_sha256", "folds_sha256"), "0" * 64)
    view = {"crop": 450, "canvas": 128, "output": 128}
    known = {"view": view, "num_parameters": 1234567, "folds": "grouped", "records": "nowhere"}
    write_config(run, experiment, known | digests | facts)
    packages = {"tensorflow": "2.21.0"}
    write_json(run / "environment.json", {"python": "3.11", "gpus": [], "packages": packages})
    write_calibration(run, Calibration())
    write_history(run / "history.csv", epochs=experiment.epochs)
    chosen = draw_predictions(seed=1, fold=0)
    more = {"weights_sha256": "a" * 64, "images_per_second": 99.5}
    file_set(run, chosen, split="train", fold=0, stamps=("optimistic",), **more)
    evaluated = evaluated or draw_predictions(seed=2)
    folder = evaluation_folder(run, "validation", None)
    file_set(folder, evaluated, split="validation", fold=None, stamps=stamps)
    return run


def write_history(path: Path, *, epochs: int) -> None:
    """Figures that grow from epoch to epoch."""
    keys = [f"{of}{key}" for of in ("", "val_") for key in ("f1", "kappa", "loss")]
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["epoch", *keys])
        table.writerows([n, *[n / 10] * len(keys)] for n in range(1, epochs + 1))


def file_scored_set(folder: Path, report: dict, predictions: Predictions) -> None:
    """A scored set with all of its files and checksums, as evaluate.py files it."""
    with replaced_files(folder) as partial:
        write_scored_set(partial, report, predictions)


def file_set(folder: Path, predictions: Predictions, *, split, fold, stamps=(), **more) -> None:
    """What is filed of a set that was scored: metrics.json and both tables."""
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(folder / "predictions.csv", predictions)
    write_per_patient(folder / "per_patient.csv", predictions, threshold=0.5)
    about = {
        "split": split,
        "fold": fold,
        "selected_on": "train fold 0",
        "stamps": list(stamps),
        "best_epoch": 2,
        "threshold": 0.5,
        "tta": 1,
        "num_images": len(predictions.names),
        "num_patients": len(set(predictions.patients)),
    }
    write_json(folder / "metrics.json", about | all_metrics(predictions, threshold=0.5) | more)
