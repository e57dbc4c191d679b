"""Stands in for scripts/train.py: files what a run files, at once; fails or hangs where asked to.

Copied beside a copy of run_study.py. A file fail-NAME or hang-NAME beside it says what a row does.
"""

import argparse
import json
import os
import sys
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from all_tf.config.presets import EXPERIMENTS
from all_tf.metrics.predictions import Predictions
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import write_config, write_status
from all_tf.runs.prediction_files import write_predictions
from tfrecords.store.manifest import digest_file

HERE = Path(__file__).parent
INTEGERS = ("epochs", "image_size", "batch_size", "fold", "seed", "limit_train", "limit_validation")


def file_report(folder: Path, *, name: str, split: str, fold: int | None, shift: float) -> None:
    """A report whose figures follow from the row's name, and the names of three images."""
    share = zlib.crc32(name.encode()) % 1000 / 2000 + shift
    figures = dict.fromkeys(
        ("f1_all", "balanced_accuracy", "sensitivity", "specificity", "auc", "log_loss"), share
    )
    report = {
        "split": split,
        "fold": fold,
        "selected_on": "train fold 0",
        "stamps": [] if fold is None else ["optimistic"],
        "best_epoch": 1,
        "threshold": 0.5,
        "num_groups_all": 1,
        "num_groups_hem": 1,
        "num_images": 3,
        "num_patients": 2,
        **figures,
        "accuracy": share + 0.2,
        "f1": share + 0.1,
        "kappa": share - 0.3,
    }
    if fold is not None:
        report |= {"num_parameters": 1234567, "images_per_second": 12.345}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(report))
    cells = Predictions(
        np.array([f"{n}.bmp" for n in range(3)]),
        *(np.array(["1", "1", "H1"]),) * 2,
        np.array([1, 1, 0]),
        np.zeros(3),
    )
    write_predictions(folder / "predictions.csv", cells)


def parse() -> dict:
    """The options of train.py that run_study.py passes."""
    parser = argparse.ArgumentParser()
    for key in ("experiment", "records", "run_dir", "resume", "protocol", "weights", *INTEGERS):
        parser.add_argument(f"--{key.replace('_', '-')}", type=int if key in INTEGERS else str)
    parser.add_argument("--trust-records", action="store_true")
    parser.add_argument("--max-minutes", type=float)
    return vars(parser.parse_args())


def main() -> None:
    """Do as train.py does, without training."""
    args = parse()
    name, run, records = (
        args.pop("experiment"),
        Path(args.pop("run_dir") or ""),
        Path(args.pop("records")),
    )
    del args["trust_records"]
    if resumed := args.pop("resume"):
        name, run = Path(resumed).name, Path(resumed)
    with (HERE / "order.txt").open("a") as file:
        file.write(f"{name} {os.getpid()}\n")
    if not resumed and run.exists() and any(run.iterdir()):
        sys.exit(f"error: {run} is not empty")
    given = {key: value for key, value in args.items() if value is not None}
    run.mkdir(parents=True, exist_ok=True)
    facts = {
        f"{n}_sha256": digest_file(records / f)
        for n, f in (("manifest", "manifest.json"), ("folds", "folds.csv"))
    }
    if not resumed:
        write_config(run, replace(EXPERIMENTS[name], **given), facts)
    if (HERE / f"hang-{name}").exists():
        print("epoch 1/2  loss 0.700  |  val_loss 0.690  1 s  best", flush=True)
        time.sleep(60)
    if (HERE / f"fail-{name}").exists():
        print("some words\nerror: no weights for it\n  Do something.", file=sys.stderr)
        sys.exit(1)
    if (HERE / f"kill-{name}").exists():
        os.kill(os.getpid(), 9)
    share = 0.5 if args["max_minutes"] else 1
    (run / "history.csv").write_text(f"epoch,epoch_share\n1,{share}\n")
    file_report(run, name=name, split="train", fold=0, shift=0.05)
    file_report(run / "evaluation/validation", name=name, split="validation", fold=None, shift=0)
    if (HERE / f"late-{name}").exists():
        for folder in (run, run / "evaluation/validation"):
            write_checksums(folder)
        write_status(run, "finished", epochs_done=1)
        raise FileNotFoundError("tensorboard")


if __name__ == "__main__":
    main()
