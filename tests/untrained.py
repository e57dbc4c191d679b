"""Finished runs whose networks have learnt nothing, for tests of whoever reads runs."""

from pathlib import Path

import keras

from all_tf.config.experiment import Experiment
from all_tf.data.splits import load_data
from all_tf.data.training_range import write_range
from all_tf.evaluation.known_cells import learn_known_cells
from all_tf.evaluation.predict import batches_to_score, predict_with_features
from all_tf.evaluation.run_weights import BEST_FILE, load_run, save_weights
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.folder import write_config, write_json
from builders.registry import build_model
from tfrecords.store.manifest import digest_file

EXPERIMENT = Experiment("base_cnn", image_size=32, crop=300, weights="none")


def write_run(run: Path, records: Path, experiment: Experiment = EXPERIMENT) -> Path:
    """A run on these records, its weights drawn from the experiment's seed."""
    run.mkdir(parents=True)
    keras.utils.set_random_seed(experiment.seed)
    model = build_model(experiment.arch, image_size=experiment.image_size, weights="none")
    save_weights(model, run / BEST_FILE)
    facts = {
        "folds": "grouped",
        "class_weights": [1.0, 1.0],
        "records": str(records.resolve()),
        "manifest_sha256": digest_file(records / "manifest.json"),
        "folds_sha256": digest_file(records / "folds.csv"),
    }
    write_config(run, experiment, facts)
    write_calibration(run, Calibration(threshold=0.45, temperature=0.5, bias=-0.1, fitted_on="x"))
    write_json(
        run / "metrics.json",
        {"best_epoch": 2, "weights_sha256": digest_file(run / BEST_FILE)},
    )
    return run


def write_knowing_run(run: Path, records: Path) -> Path:
    """A run on these records that also knows what its training cells look like."""
    write_run(run, records)
    data, model = load_data(EXPERIMENT, records), load_run(run).model
    batches = batches_to_score(data.selection, EXPERIMENT, title="x")
    _, features = predict_with_features(model, batches, data.selection)
    write_range(run, data.fit.pngs.tolist())
    learn_known_cells(run, model, data, EXPERIMENT, features)
    return run
