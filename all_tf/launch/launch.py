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
from all_tf.launch.asked import ask
from all_tf.launch.cluster import ProcessInfo, find_process
from all_tf.launch.former_run import read_former
from all_tf.launch.options import ALL_FOLDS
from all_tf.launch.preconditions import require_startable, starts_from_file
from all_tf.launch.replaced_settings import given
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
from all_tf.runs.parent import read_parent
from all_tf.system.checks import ConfigError
from all_tf.system.outputs import claimed_folder
from all_tf.system.script_command import process_command, runnable
from tfrecords.counted import counted


def run_folder(options: dict) -> AbstractContextManager[Path]:
    """Return a context that yields the run's folder.

    It is the one the options name; or a new one below runs/, which no other process has and which
    is removed if it stays empty.
    """
    if folder := options["resume"] or options["run_dir"]:
        return nullcontext(folder)
    if options["config"]:
        name = read_former(options["config"]).name
    elif options["refit"]:
        name = f"{options['refit'].resolve().name}-refit"
    else:
        name = options["experiment"] or options["arch"]
    return claimed_folder(Path("runs", f"{datetime.now():%Y%m%d-%H%M%S}-{name}"))


def launch(run: Path, options: dict) -> list[dict]:
    """Run the training that the options describe.

    Args:
        run: The folder that `run_folder` yielded.
        options: The options that `parse_options` returned.

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
        words = options["words"]
        sys.exit(_supervised(process, run, words, resumes=bool(options["resume"])))
    if options["resume"]:
        reports = _resume(run, options, process)
    elif options["refit"]:
        reports = _refit(run, options, process)
    elif options["fold"] == ALL_FOLDS:
        reports = _cross_validate(run, options, process)
    else:
        reports = _train(run, options, process)
    return [] if process and process.index > 0 else reports  # Process 0 prints them.


def resume_hint(run: Path) -> str:
    """Return how to resume a run that was interrupted, for a message."""
    if is_cross_validation(run):
        return f"finished folds are kept. Resume with: {resume_command(run)}"
    if not (run / CONFIG_FILE).is_file():
        return "no run was begun"
    return f"{counted(epochs_done(run), 'epoch')} kept. Resume with: {resume_command(run)}"


def _supervised(process: ProcessInfo, run: Path, words: list[str], *, resumes: bool) -> int:
    """Train in a child process, print why the training ended early, and return the exit code."""
    run_dir = [] if resumes else ["--run-dir", str(run)]
    outcome = supervise(process, [*process_command("train"), *words, *run_dir])
    if outcome.lost is not None:
        message = f"{outcome.lost}; {resume_hint(run)}"
        if process.index == 0 and read_status(run).get("state", "finished") != "finished":
            write_status(run, "failed", epochs_done=epochs_done(run), message=message)
        print(f"error: {runnable(message)}", file=sys.stderr)
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
    asked = ask(options, backend="jax" if process else "tensorflow")
    if asked.begun:
        _refuse_several(process, f"{asked.begun}, which is finished and gone on with")
    if asked.tensorboard != choices.TENSORBOARD[0]:
        _refuse_several(process, f"--tensorboard {asked.tensorboard}")
    if asked.experiment.max_minutes:
        _refuse_several(process, "--max-minutes, which would end each of them at another step")
    trusted, engine = options["trust_records"], asked.engine
    require_startable(asked.experiment, asked.records, run, begun=asked.begun)
    warn_of_few_patients(asked.experiment, asked.records)
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    with _worker_folder(process, run, engine) as folder:
        from all_tf.training.start import Start
        from all_tf.training.train import train

        return train(
            asked.experiment,
            asked.records,
            folder,
            trusted=trusted,
            engine=engine,
            tensorboard=asked.tensorboard,
            start=Start(begun=asked.begun),
        )


def _cross_validate(run: Path, options: dict, process: ProcessInfo | None) -> list[dict]:
    _refuse_several(process, "--fold all")
    from all_tf.launch.cross_validate import begin, cross_validate

    asked = ask(options)
    read_parent(asked.experiment)  # What is wrong with it would stop each of the folds.
    experiment, arguments = with_absolute_paths(asked.experiment, asked.config, options["words"])
    begin(run, experiment, records=asked.records, options=arguments)
    warn_of_few_patients(experiment, asked.records, all_folds=True)
    return [cross_validate(run, records=asked.records, trusted=options["trust_records"])]


def _refit(run: Path, options: dict, process: ProcessInfo | None) -> list[dict]:
    _refuse_several(process, "--refit")
    from all_tf.launch.cross_validate import plan_refit
    from all_tf.runs.cross_validation import read_cross_validation
    from all_tf.runs.sweep_file import sweep_of_refit

    records = options["records"] or read_cross_validation(options["refit"]).records
    experiment, calibration = plan_refit(options["refit"], records=records)
    experiment = replace(experiment, **given(options, Experiment))
    engine = Engine(**given(options, Engine))
    require_startable(experiment, records, run)
    warn_of_few_patients(experiment, records)
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic)
    from all_tf.training.start import Start
    from all_tf.training.train import train

    return train(
        experiment,
        records,
        run,
        trusted=options["trust_records"],
        engine=engine,
        tensorboard=options["tensorboard"] or choices.TENSORBOARD[0],
        start=Start(calibration, sweep=sweep_of_refit(options["refit"])),
    )


def _resume(run: Path, options: dict, process: ProcessInfo | None) -> list[dict]:
    if is_cross_validation(run):
        from all_tf.launch.cross_validate import cross_validate

        _refuse_several(process, "a run of all folds")
        records, trusted = options["records"], options["trust_records"]
        return [cross_validate(run, records=records, trusted=trusted)]
    engine = engine_of(read_config(run)[1])
    if engine.backend != "jax":
        _refuse_several(process, f"{run}, which was begun without")
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    with _worker_folder(process, run, engine) as folder:
        from all_tf.training.train import resume

        return resume(folder, records=options["records"], trusted=options["trust_records"])


def with_absolute_paths(
    experiment: Experiment, config: Path | None, arguments: list[str]
) -> tuple[Experiment, list[str]]:
    """Name weights and settings by absolute paths: folds may be trained from another folder.

    Settings are named by their file, with which no fold goes on where that run has ended.
    """
    if config:
        arguments = [*arguments, "--config", str(config.resolve())]
    if not starts_from_file(experiment):
        return experiment, arguments
    path = str(Path(experiment.weights).resolve())
    return replace(experiment, weights=path), [*arguments, "--weights", path]


def warn_of_few_patients(experiment: Experiment, records: Path, *, all_folds: bool = False) -> None:
    """Print what a training will not be able to estimate; arguments as `few_patients` has them."""
    from all_tf.launch.few_patients import few_patients  # It needs scipy.

    for shortage in few_patients(experiment, records, all_folds=all_folds):
        print(f"WARNING: too few patients: {shortage}.", flush=True)


def _refuse_several(process: ProcessInfo | None, what: str) -> None:
    if process is not None:
        raise ConfigError(f"--num-processes does not go with {what}. Leave one of them out.")
