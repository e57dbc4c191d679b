"""The trainings of train.py: one run, a resumed one, a refit, all folds, or several processes.

TensorFlow is imported once the backend is known.
"""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from all_tf.config import choices
from all_tf.config.engine import Engine, engine_of
from all_tf.config.experiment import Experiment
from all_tf.config.presets import EXPERIMENTS, default_experiment, find_row
from all_tf.launch.cluster import ProcessInfo, find_process
from all_tf.launch.options import ALL_FOLDS, RECORDS, choose_experiment, given
from all_tf.launch.preconditions import require_startable, starts_from_file
from all_tf.launch.supervisor import ADDRESS, supervise
from all_tf.runs.folder import (
    CONFIG_FILE,
    epochs_done,
    is_cross_validation,
    read_config,
    read_status,
    resume_command,
    write_status,
)
from all_tf.system.checks import ConfigError
from all_tf.system.outputs import claimed_folder


def run_folder(options: dict) -> AbstractContextManager[Path]:
    """Return a context that yields the run's folder.

    It is the one the options name; or a new one below runs/, which no other process has and which
    is removed if it stays empty.
    """
    if folder := options["resume"] or options["run_dir"]:
        return nullcontext(folder)
    name = options["experiment"] or options["arch"] or f"{options['refit'].resolve().name}-refit"
    return claimed_folder(Path("runs", f"{datetime.now():%Y%m%d-%H%M%S}-{name}"))


def launch(run: Path, options: dict, *, script: Path) -> list[dict]:
    """Run the training that the options describe.

    Args:
        run: The folder that `run_folder` yielded.
        options: The options that `parse_options` returned.
        script: Path of scripts/train.py, which a cross-validation starts for each fold.

    Returns:
        The reports; an empty list in all processes but the first.

    Raises:
        SystemExit: This process was the parent of one that trained, and that has ended.
        KeyboardInterrupt: A signal ended the training (`all_tf.system.signals`).
        OSError, ValueError: The training is not possible; the message says what to do.
    """
    place = {key: options[key] for key in ("num_processes", "process_id", "coordinator")}
    process = find_process(os.environ, **place)
    if process and process.count > 1 and ADDRESS not in os.environ:
        sys.exit(_supervised(process, run, resumes=bool(options["resume"])))
    if options["resume"]:
        reports = _resume(run, options, process, script)
    elif options["refit"]:
        reports = _refit(run, options, process)
    elif options["fold"] == ALL_FOLDS:
        reports = _cross_validate(run, options, process, script)
    else:
        reports = _train(run, options, process)
    return [] if process and process.index > 0 else reports  # Process 0 prints them.


def resume_hint(run: Path) -> str:
    """Return how to resume a run that was interrupted, for a message."""
    if is_cross_validation(run):
        return f"finished folds are kept. Resume with: {resume_command(run)}"
    if not (run / CONFIG_FILE).is_file():
        return "no run was begun"
    return f"{epochs_done(run)} epochs are kept. Resume with: {resume_command(run)}"


def _supervised(process: ProcessInfo, run: Path, *, resumes: bool) -> int:
    """Train in a child process, print why the training ended early, and return the exit code."""
    run_dir = [] if resumes else ["--run-dir", str(run)]
    outcome = supervise(process, [sys.executable, *sys.argv, *run_dir])
    if outcome.lost is not None:
        message = f"{outcome.lost}; {resume_hint(run)}"
        if process.index == 0 and read_status(run).get("state", "finished") != "finished":
            write_status(run, "failed", epochs_done=epochs_done(run), message=message)
        print(f"error: {message}", file=sys.stderr)
    return outcome.code


def _worker_folder(
    process: ProcessInfo | None, run: Path, engine: Engine
) -> AbstractContextManager[Path]:
    """Return a context that yields the folder to work in; it joins the other processes, if any."""
    if process is None or process.count == 1:
        return nullcontext(run)
    from all_tf.launch.jax_worker import jax_process

    return jax_process(process, run, devices=engine.devices)


def _train(run: Path, options: dict, process: ProcessInfo | None) -> list[dict]:
    experiment = choose_experiment(_row(options), options)
    engine = Engine(**given(options, Engine), backend="jax" if process else "tensorflow")
    records, trusted = options["records"] or RECORDS, options["trust_records"]
    require_startable(experiment, records, run)
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    tensorboard = options["tensorboard"] or choices.TENSORBOARD[0]
    if tensorboard != choices.TENSORBOARD[0]:
        _refuse_several(process, f"--tensorboard {tensorboard}")
    with _worker_folder(process, run, engine) as folder:
        from all_tf.training.train import train

        return train(
            experiment, records, folder, trusted=trusted, engine=engine, tensorboard=tensorboard
        )


def _cross_validate(
    run: Path, options: dict, process: ProcessInfo | None, script: Path
) -> list[dict]:
    _refuse_several(process, "--fold all")
    from all_tf.launch.cross_validate import begin, cross_validate

    experiment = choose_experiment(_row(options), {**options, "fold": None})
    experiment, arguments = _with_absolute_weights(experiment, sys.argv[1:])
    begin(run, experiment, records=options["records"] or RECORDS, options=arguments)
    return [cross_validate(run, train=script, trusted=options["trust_records"])]


def _refit(run: Path, options: dict, process: ProcessInfo | None) -> list[dict]:
    _refuse_several(process, "--refit")
    from all_tf.launch.cross_validate import plan_refit
    from all_tf.runs.cross_validation import read_cross_validation

    records = options["records"] or read_cross_validation(options["refit"]).records
    experiment, calibration = plan_refit(options["refit"], records=records)
    experiment = replace(experiment, **given(options, Experiment))
    engine = Engine(**given(options, Engine))
    require_startable(experiment, records, run)
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic)
    from all_tf.training.train import train

    return train(
        experiment,
        records,
        run,
        trusted=options["trust_records"],
        engine=engine,
        tensorboard=options["tensorboard"] or choices.TENSORBOARD[0],
        calibration=calibration,
    )


def _resume(run: Path, options: dict, process: ProcessInfo | None, script: Path) -> list[dict]:
    if is_cross_validation(run):
        from all_tf.launch.cross_validate import cross_validate

        _refuse_several(process, "a run of all folds")
        records, trusted = options["records"], options["trust_records"]
        return [cross_validate(run, train=script, records=records, trusted=trusted)]
    engine = engine_of(read_config(run)[1])
    if engine.backend != "jax":
        _refuse_several(process, f"{run}, which was begun without")
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    with _worker_folder(process, run, engine) as folder:
        from all_tf.training.train import resume

        return resume(folder, records=options["records"], trusted=options["trust_records"])


def _with_absolute_weights(
    experiment: Experiment, arguments: list[str]
) -> tuple[Experiment, list[str]]:
    """Name a file of weights by its absolute path: folds may be trained from another folder."""
    if not starts_from_file(experiment):
        return experiment, arguments
    path = str(Path(experiment.weights).resolve())
    return replace(experiment, weights=path), [*arguments, "--weights", path]


def _refuse_several(process: ProcessInfo | None, what: str) -> None:
    if process is not None:
        raise ConfigError(f"--num-processes does not go with {what}. Leave one of them out.")


def _row(options: dict) -> Experiment:
    """The row that was asked for, by its name or its architecture; without one, defaults."""
    if options["experiment"]:
        return EXPERIMENTS[options["experiment"]]
    arch = options["arch"]
    if row := find_row(arch):
        return row
    row = default_experiment(arch)
    print(
        f"{arch} has no row in all_tf/config/presets.py. What is not given as an option is a "
        f"default: image_size {row.image_size}, batch_size {row.batch_size}, epochs {row.epochs}, "
        f"learning_rate {row.learning_rate}, weights {row.weights}, no augmentation."
    )
    return row
