"""A training as train.py was asked for it: begun, resumed, refitted, over folds, or in parts.

TensorFlow is loaded once it is known how.
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
from all_tf.launch.options import ALL_FOLDS, RECORDS, given
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


def run_folder(options: dict) -> Path:
    """The run's folder: one that was named, or a new name below runs/."""
    if folder := options["resume"] or options["run_dir"]:
        return folder
    name = options["experiment"] or options["arch"] or f"{options['refit'].resolve().name}-refit"
    return Path("runs", f"{datetime.now():%Y%m%d-%H%M%S}-{name}")


def launch(run: Path, options: dict, *, script: Path) -> list[dict]:
    """Do what the options ask for.

    Args:
        run: As `run_folder` gives it.
        options: As `parse_options` gives them.
        script: The command, scripts/train.py, for those who start it again.

    Returns:
        The reports; none in a process that leaves them to another.

    Raises:
        SystemExit: This process has let a child do its part, and that has ended.
        KeyboardInterrupt: As `all_tf.system.signals` raises it.
        OSError, ValueError: It cannot be done; the message says what to do.
    """
    place = {key: options[key] for key in ("num_processes", "process_id", "coordinator")}
    host = find_process(os.environ, **place)
    if host and host.count > 1 and ADDRESS not in os.environ:
        sys.exit(_supervised(host, run, resumes=bool(options["resume"])))
    if options["resume"]:
        reports = _resume(run, options, host, script)
    elif options["refit"]:
        reports = _refit(run, options, host)
    elif options["fold"] == ALL_FOLDS:
        reports = _cross_validate(run, options, host, script)
    else:
        reports = _train(run, options, host)
    return [] if host and host.index > 0 else reports  # Process 0 tells.


def resume_hint(run: Path) -> str:
    """How to go on with a run that was interrupted."""
    if is_cross_validation(run):
        return f"folds that are finished are kept. Go on with: {resume_command(run)}"
    if not (run / CONFIG_FILE).is_file():
        return "no run was begun"
    return f"{epochs_done(run)} epochs are kept. Go on with: {resume_command(run)}"


def _supervised(host: ProcessInfo, run: Path, *, resumes: bool) -> int:
    """Let a child do this process's part, and say how it ended: the exit code."""
    more = [] if resumes else ["--run-dir", str(run)]
    outcome = supervise(host, [sys.executable, *sys.argv, *more])
    if outcome.lost is not None:
        message = f"{outcome.lost}; {resume_hint(run)}"
        if host.index == 0 and read_status(run).get("state", "finished") != "finished":
            write_status(run, "failed", epochs_done=epochs_done(run), message=message)
        print(f"error: {message}", file=sys.stderr)
    return outcome.code


def _worker_folder(
    host: ProcessInfo | None, run: Path, engine: Engine
) -> AbstractContextManager[Path]:
    """The folder to work in, once this process is one of several."""
    if host is None or host.count == 1:
        return nullcontext(run)
    from all_tf.launch.jax_worker import jax_process

    return jax_process(host, run, devices=engine.devices)


def _train(run: Path, options: dict, host: ProcessInfo | None) -> list[dict]:
    experiment = replace(_row(options), **given(options, Experiment))
    engine = Engine(**given(options, Engine), backend="jax" if host else "tensorflow")
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    records, trusted = options["records"] or RECORDS, options["trust_records"]
    tensorboard = options["tensorboard"] or choices.TENSORBOARD[0]
    if tensorboard != choices.TENSORBOARD[0]:
        _refuse_several(host, f"--tensorboard {tensorboard}")
    with _worker_folder(host, run, engine) as folder:
        from all_tf.training.train import train

        return train(
            experiment, records, folder, trusted=trusted, engine=engine, tensorboard=tensorboard
        )


def _cross_validate(run: Path, options: dict, host: ProcessInfo | None, script: Path) -> list[dict]:
    _refuse_several(host, "--fold all")
    from all_tf.launch.cross_validate import begin, cross_validate

    experiment = replace(_row(options), **given({**options, "fold": None}, Experiment))
    begin(run, experiment, records=options["records"] or RECORDS, options=sys.argv[1:])
    return [cross_validate(run, train=script, trusted=options["trust_records"])]


def _refit(run: Path, options: dict, host: ProcessInfo | None) -> list[dict]:
    _refuse_several(host, "--refit")
    from all_tf.launch.cross_validate import plan_refit
    from all_tf.runs.cross_validation import read_cross_validation

    records = options["records"] or read_cross_validation(options["refit"]).records
    experiment, calibration = plan_refit(options["refit"], records=records)
    experiment = replace(experiment, **given(options, Experiment))
    engine = Engine(**given(options, Engine))
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


def _resume(run: Path, options: dict, host: ProcessInfo | None, script: Path) -> list[dict]:
    if is_cross_validation(run):
        from all_tf.launch.cross_validate import cross_validate

        _refuse_several(host, "a run of all folds")
        records, trusted = options["records"], options["trust_records"]
        return [cross_validate(run, train=script, records=records, trusted=trusted)]
    engine = engine_of(read_config(run)[1])
    if engine.backend != "jax":
        _refuse_several(host, f"{run}, which was begun without")
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    with _worker_folder(host, run, engine) as folder:
        from all_tf.training.train import resume

        return resume(folder, records=options["records"], trusted=options["trust_records"])


def _refuse_several(host: ProcessInfo | None, what: str) -> None:
    if host is not None:
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
