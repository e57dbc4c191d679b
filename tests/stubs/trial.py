"""Stands in for scripts/train.py where that trains one fold of a trial: files it epoch by epoch.

Copied beside a copy of sweep.py. Kappa is the higher, the nearer the learning rate is to 1e-3. A
file `pause` beside it holds the seconds of an epoch; while there is a file `hold`, no second epoch
ends. Every call is a line of calls.txt there.
"""

import math
import sys
import time
from pathlib import Path

from all_tf.launch.asked import ask
from all_tf.launch.options import parse_words
from all_tf.runs.folder import read_config, write_config, write_json
from all_tf.runs.prediction_files import write_predictions
from all_tf.system.tables import write_csv
from tests.stubs.fold import predict_fold
from tfrecords.store.manifest import digest_file

HERE = Path(__file__).parent


def main() -> None:
    """Do as train.py does with these options, without training."""
    with (HERE / "calls.txt").open("a") as file:
        file.write(" ".join(sys.argv[1:]) + "\n")
    options = parse_words(sys.argv[1:])
    records, run = options["records"], options["resume"] or options["run_dir"]
    run.mkdir(parents=True, exist_ok=True)
    if options["resume"]:
        experiment, _ = read_config(run)
    else:
        experiment = ask(options).experiment
        facts = {
            "records": str(records.resolve()),
            "manifest_sha256": digest_file(records / "manifest.json"),
            "folds_sha256": digest_file(records / "folds.csv"),
        }
        write_config(run, experiment, facts)
    kappa = 0.9 - abs(math.log10(experiment.learning_rate) + 3) / 4
    begun = sorted((run / "state").glob("epoch-*"))
    for epoch in range(len(begun) + 1, experiment.epochs + 1):
        time.sleep(float((HERE / "pause").read_text()) if (HERE / "pause").exists() else 0)
        while epoch > 1 and (HERE / "hold").exists():
            time.sleep(0.05)
        (run / f"state/epoch-{epoch:04}").mkdir(parents=True)
        values = [{"epoch": n, "val_kappa": kappa * n / experiment.epochs} for n in range(1, epoch)]
        write_csv(run / "history.csv", [*values, {"epoch": epoch, "val_kappa": kappa}])
    write_predictions(run / "predictions.csv", predict_fold(records, experiment.fold))
    report = {"best_epoch": experiment.epochs, "stamps": [], "kappa": kappa, "auc": kappa}
    write_json(run / "metrics.json", report)


if __name__ == "__main__":
    main()
