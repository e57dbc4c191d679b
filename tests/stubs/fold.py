"""Stands in for scripts/train.py where that trains one fold: files what a run files, at once.

A file fail-fold-K or hang-fold-K beside the cross-validation's folder says what a fold does; every
call is a line of calls.txt there.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.metrics.predictions import Predictions
from all_tf.runs.folder import write_config, write_json
from all_tf.runs.prediction_files import write_predictions
from tfrecords.store.folds import read_folds
from tfrecords.store.index import read_index
from tfrecords.store.manifest import digest_file

EXPERIMENT = Experiment("base_cnn", weights="none", epochs=4)


def predict_fold(records: Path, fold: int) -> Predictions:
    """Logits that tell the classes apart a little, on a scale that each fold has for itself."""
    fold_of_name = read_folds(records)
    rows = [row for row in read_index(records) if fold_of_name.get(row.name) == fold]
    labels = np.array([row.label for row in rows])
    rng = np.random.default_rng(fold)
    return Predictions(
        np.array([row.name for row in rows]),
        np.array([row.patient for row in rows]),
        np.array([row.group for row in rows]),
        labels,
        (rng.normal(size=len(rows)) + labels) * (fold + 1),
        folds=np.full(len(rows), fold),
    )


def file_run(run: Path, records: Path, fold: int) -> None:
    """A finished run as far as a cross-validation looks at it."""
    run.mkdir(parents=True, exist_ok=True)
    facts = {
        "records": str(records.resolve()),
        "manifest_sha256": digest_file(records / "manifest.json"),
        "folds_sha256": digest_file(records / "folds.csv"),
    }
    write_config(run, replace(EXPERIMENT, fold=fold), facts)
    write_predictions(run / "predictions.csv", predict_fold(records, fold))
    validation = run / "evaluation/validation"
    validation.mkdir(parents=True, exist_ok=True)
    for folder in (validation, run):
        write_json(folder / "metrics.json", {"best_epoch": fold + 1, "stamps": ["optimistic"]})


def main() -> None:
    """Do as train.py does with these options, without training."""
    parser = argparse.ArgumentParser()
    for name in ("arch", "fold", "records", "run-dir", "resume"):
        parser.add_argument(f"--{name}")
    args = parser.parse_args()
    run = Path(args.resume or args.run_dir)
    here, fold = run.parent.parent, int(run.name.removeprefix("fold-"))
    with (here / "calls.txt").open("a") as file:
        file.write(" ".join(sys.argv[1:]) + "\n")
    if (here / f"hang-{run.name}").exists():
        time.sleep(60)
    if (here / f"fail-{run.name}").exists():
        sys.exit("error: no memory for it")
    file_run(run, Path(args.records), fold)


if __name__ == "__main__":
    main()
