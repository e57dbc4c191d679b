"""Training of a run, from an experiment and records to metrics on disk; begins or resumes it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import tensorflow as tf

from all_tf.config import choices
from all_tf.config.engine import Engine, engine_of
from all_tf.config.experiment import Experiment
from all_tf.data.pixel_digests import pixel_digests
from all_tf.data.splits import Data, load_data
from all_tf.data.training_range import write_range
from all_tf.evaluation.evaluate import EvaluationContext, evaluation_report, write_evaluation
from all_tf.evaluation.known_cells import learn_known_cells
from all_tf.evaluation.predict import batches_to_score, predict, predict_with_features
from all_tf.evaluation.run_weights import BEST_FILE
from all_tf.evaluation.set_place import own_place
from all_tf.metrics.bootstrap import Bootstrap
from all_tf.metrics.calibration import Calibration, fit_calibration
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_file import read_calibration, write_calibration
from all_tf.runs.fields import CHOSEN_ON, LEARNT_FROM
from all_tf.runs.folder import (
    RunError,
    epoch_of,
    epochs_done,
    evaluation_folder,
    read_config,
    set_name,
    write_config,
)
from all_tf.runs.ownership import own_run, record_status, require_empty, require_unfinished
from all_tf.runs.records_digest import RecordsDigest, unchanged_records
from all_tf.runs.report_header import SetPlace
from all_tf.runs.required_files import MAY_BE_ABSENT
from all_tf.runs.result_files import replaced_files
from all_tf.runs.set_words import scored_once
from all_tf.runs.stamps import selection_set
from all_tf.runs.training_images import UsedImage, write_training_images
from all_tf.system.checks import one_of
from all_tf.system.courtesy import courtesy
from all_tf.training import environment
from all_tf.training.checkpoint import newest_state
from all_tf.training.descent import find_descent, require_same_parent
from all_tf.training.devices import require_agreement
from all_tf.training.fit import fit
from all_tf.training.prepare import config_facts, prepare
from all_tf.training.prepared import Prepared
from all_tf.training.start import Start
from all_tf.training.tensorboard.write import show_run
from tfrecords.store.manifest import digest_file

# Rules for processes that train together.
_SAME_START = (
    "All processes need the same program, options, records and folds, and the same run, in a "
    "folder that all of them see."
)
_SAME_WEIGHTS = "The processes end with different weights, which should not happen with JAX."


def train(
    experiment: Experiment,
    records: Path,
    run: Path,
    *,
    trusted: bool = False,
    engine: Engine = Engine(),
    tensorboard: str = "scalars",
    start: Start = Start(),
) -> list[dict]:
    """Train a run, choose its best epoch, score it, and save everything in the run's folder.

    Args:
        experiment: Settings of the training; the protocol decides on the sets of cells
            (`all_tf.data.splits.load_data`).
        records: A records directory.
        run: The run's folder, new or empty.
        trusted: Whether to check only the lengths of the shards, not their SHA-256.
        engine: Settings of the hardware and the compiler. Deterministic operations then stay on in
            this process.
        tensorboard: What TensorBoard shows, a key of
            `all_tf.training.tensorboard.write.AMOUNTS`.
        start: What it begins with. A finished run is gone on with by its own experiment with more
            epochs, on its own records.

    Returns:
        The reports of the best epoch: on the selection set, as in metrics.json, and, with the
        held-out protocol ("honest") and if the records have it, on the split validation. If no
        epoch is chosen, the first report is of the last epoch on its training images.

    Raises:
        RunError: The folder is not empty, or no epoch had a finite metric to choose by.
        NonFiniteError: The loss is infinite or not a number.
        RecordsError, SplitError, WeightsError: Something needed is missing; nothing was written.
    """
    one_of("tensorboard", tensorboard, choices.TENSORBOARD)
    require_empty(run)
    start.require_calibration(experiment)
    with unchanged_records(records) as digest:
        data = load_data(experiment, records, trusted=trusted)
        descent = find_descent(experiment, data, records, digest, begun=start.begun)
        done = epochs_done(start.begun) if start.begun else 0
        prepared = _prepare(experiment, data, engine, run, done=done)
    run.mkdir(parents=True, exist_ok=True)
    with own_run(run):
        require_empty(run)  # Another process may have used it before the lock was taken.
        facts = config_facts(prepared, records, digest) | {
            "engine": asdict(engine),
            "tensorboard": tensorboard,
            **({"sweep": start.sweep} if start.sweep else {}),
        }
        write_config(run, experiment, facts | descent.facts)
        state = descent.leave_in(run)
        if start.calibration is not None:
            write_calibration(run, start.calibration)
        with record_status(run):
            return _complete(run, prepared, state=state)


def resume(run: Path, *, records: Path | None = None, trusted: bool = False) -> list[dict]:
    """Resume an unfinished run from its last undamaged state.

    Args:
        run: The run's folder.
        records: A records directory; None for the one the run was started with.
        trusted: Whether to check only the lengths of the shards, not their SHA-256.

    Returns:
        The reports, as `train` returns them.

    Raises:
        RunError: There is no run, or it is finished, in use, damaged, or began with other records.
        NonFiniteError, RecordsError, SplitError: As in `train`.
        WeightsError: No epoch was completed, and the initial weights are missing.
    """
    experiment, facts = read_config(run)
    with own_run(run):
        require_unfinished(run)
        records = records or Path(facts["records"])
        state = newest_state(run)
        with unchanged_records(records):
            _refuse_other_records(records, facts)
            data = load_data(experiment, records, trusted=trusted)
        if state is None:
            _refuse_lost_start(run, facts)
            require_same_parent(run, experiment)
        done = epoch_of(state) if state else 0
        prepared = _prepare(experiment, data, engine_of(facts), run, done=done)
        print(f"resuming after {state}" if state else "no epoch was completed; from the first")
        with record_status(run):
            return _complete(run, prepared, state=state)


def _refuse_lost_start(run: Path, facts: dict) -> None:
    if "continues" in facts:
        raise RunError(
            f"{run} was cut off before it had taken over the state of {facts['continues']['run']}. "
            "Go on with that run again, in a new folder."
        )


def _refuse_other_records(records: Path, facts: dict) -> None:
    for file in RecordsDigest.stored_in(facts).differing_files(RecordsDigest.of(records)):
        if (records / file).is_file():  # The reader of the records reports a missing one.
            raise RunError(
                f"{records / file} is not the one that the run was started with (SHA-256), so that "
                "it would go on with other images or other folds. Pass --records with those, or "
                "start a new run."
            )


def _prepare(
    experiment: Experiment, data: Data, engine: Engine, run: Path, *, done: int
) -> Prepared:
    """Build the model as `prepare` does, with deterministic operations if the engine asks."""
    if engine.deterministic:
        tf.config.experimental.enable_op_determinism()
        # keras-cv's layers need a global generator when they are built, but never use it.
        tf.random.set_global_generator(tf.random.Generator.from_seed(experiment.seed))
    return prepare(experiment, data, engine, done=done, run=run)


def _complete(run: Path, prepared: Prepared, *, state: Path | None) -> list[dict]:
    """Train the remaining epochs, score the best one and write all results."""
    experiment, data, _, model = prepared
    _, facts = read_config(run)
    own = {"records": None, "state": state and state.name}  # Records may lie anywhere.
    require_agreement(_SAME_START, {"experiment": asdict(experiment), **facts, **own})
    environment.write_environment(run / environment.file_of_process(run))
    selection = batches_to_score(data.selection, experiment, title="selection set")
    fitted = fit(
        prepared, run=run, selection=selection if experiment.chooses else None, state=state
    )
    require_agreement(_SAME_WEIGHTS, {"best": digest_file(run / BEST_FILE)})

    predictions, features = predict_with_features(model, selection, data.selection)
    calibration = _calibration(run, experiment, predictions)
    context = EvaluationContext(experiment, facts, fitted.best_epoch, calibration)
    measured = {
        "num_parameters": facts["num_parameters"],
        "images_per_second": fitted.images_per_second,
        "weights_sha256": digest_file(run / BEST_FILE),
    }
    write_range(run, data.fit.pngs.tolist())
    learn_known_cells(run, model, data, experiment, features)
    _write_used_images(run, data, chooses=experiment.chooses)
    place = own_place(experiment, facts, *selection_set(experiment))
    chosen_on = "selection" if experiment.chooses else "training images"
    results = {chosen_on: _save(run, context, place, predictions, measured=measured)}
    if data.held_out is not None:
        held_out = batches_to_score(data.held_out, experiment, title="held-out set")
        predictions = predict(model, held_out, data.held_out)
        place = own_place(experiment, facts, "validation", None)
        folder = evaluation_folder(run, "validation", None)
        results[scored_once(facts)] = _save(folder, context, place, predictions)
    with courtesy("What TensorBoard shows of the finished run"):
        show_run(run, prepared, results, amount=facts["tensorboard"])
    return [report for _, report in results.values()]


def _write_used_images(run: Path, data: Data, *, chooses: bool) -> None:
    """Note what the run has learnt from, and what its epoch was chosen on, if it chose one."""
    sets = [(data.fit, LEARNT_FROM), *([(data.selection, CHOSEN_ON)] if chooses else [])]
    used = []
    for cells, use in sets:
        pixels = pixel_digests(cells.pngs.tolist(), title=f"images {use}")
        patients = cells.patients.tolist()
        used += [UsedImage(*pair, use) for pair in zip(pixels, patients, strict=True)]
    write_training_images(run, used)


def _save(
    folder: Path,
    context: EvaluationContext,
    place: SetPlace,
    predictions: Predictions,
    *,
    measured: Mapping[str, object] | None = None,
) -> tuple[Predictions, dict]:
    """Evaluate and save one set; return its calibrated predictions and its report."""
    predictions = context.calibration.apply(predictions)
    bootstrap = Bootstrap(predictions)
    report = evaluation_report(predictions, context, place, bootstrap=bootstrap)
    report |= measured or {}
    with replaced_files(folder, dropped=MAY_BE_ABSENT) as partial:
        write_evaluation(partial, report, predictions, bootstrap=bootstrap)
    return predictions, report


def _calibration(run: Path, experiment: Experiment, predictions: Predictions) -> Calibration:
    """Fit and write the calibration; if no set is held out for it, read the one of `train`."""
    if not experiment.chooses:
        return read_calibration(run)
    calibration = fit_calibration(
        predictions,
        fitted_on=set_name(*selection_set(experiment)),
        min_sensitivity=experiment.min_sensitivity,
    )
    write_calibration(run, calibration)
    return calibration
