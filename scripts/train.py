"""Train one network on packed records.

    python scripts/train.py --arch densenet169
    python scripts/train.py --experiment scratch --fold all --run-dir runs/folds
    python scripts/train.py --refit runs/folds
    python scripts/train.py --resume runs/20260131-101500-densenet169

What is not given comes from the row of all_tf/experiments.py that --arch or --experiment names. The
run goes to a folder of its own below runs/. With --fold all that folder holds a run for each fold,
and what they say together of every training image, each image by the network that has not met its
patient; --refit then trains on all folds, for as many epochs as they chose.
"""

import argparse
import os
import sys
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from all_tf import names
from all_tf.checks import ConfigError
from all_tf.config import Experiment
from all_tf.engine import Engine, engine_of
from all_tf.experiments import EXPERIMENTS
from all_tf.hosts import Host, find_host
from all_tf.interrupts import end_at_signals
from all_tf.runs import (
    CONFIG_FILE,
    epochs_done,
    is_cross_validation,
    read_config,
    read_status,
    resume_command,
    write_status,
)
from all_tf.supervision import ADDRESS, supervise
from builders.catalogue import describe_architectures

_RECORDS = Path("data/records")
_ALL = "all"  # Folds.
_OF_RESUME = ("records", "trust_records")
_OF_REFIT = (*_OF_RESUME, "refit", "run_dir", "seed", "tensorboard")
_OF_REFIT += tuple(field.name for field in fields(Engine))


def main() -> None:
    """Train what the arguments ask for, or go on with a run, and print its reports."""
    parser = _parser()
    args = vars(parser.parse_args())
    run = args.pop("resume")
    place = {key: args.pop(key) for key in ("num_processes", "process_id", "coordinator")}
    resumes = run is not None
    if resumes and (given := _unexpected(args)):
        parser.error(f"--resume takes all settings from the run. Received: {', '.join(given)}")
    if args["refit"] and (given := _unexpected(args, allowed=_OF_REFIT)):
        parser.error(f"--refit takes what is to be learnt from DIR. Received: {', '.join(given)}")
    run = run or args["run_dir"] or _new_run(args)
    end_at_signals()
    try:
        host = find_host(os.environ, **place)
        if host and host.count > 1 and ADDRESS not in os.environ:
            _supervise(host, run, [] if resumes else ["--run-dir", str(run)])
        begin = _refit if args["refit"] else _train
        reports = _resume(run, args, host) if resumes else begin(run, args, host)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt as interrupt:
        print(f"\ninterrupted; {_what_now(run)}", file=sys.stderr)
        sys.exit(128 + interrupt.args[0])
    if host and host.index > 0:
        return  # Process 0 says it.
    from all_tf.report_text import format_report

    print("\n".join(map(format_report, reports)))
    print(f"Run: {run}\nTensorBoard: {_tensorboard()} --logdir {run.parent}")


def _supervise(host: Host, run: Path, more: list[str]) -> NoReturn:
    """Let a child do this process's part, and end with it."""
    outcome = supervise(host, [sys.executable, *sys.argv, *more])
    if outcome.lost is not None:
        message = f"{outcome.lost}; {_what_now(run)}"
        if host.index == 0 and read_status(run).get("state", "finished") != "finished":
            write_status(run, "failed", epochs_done=epochs_done(run), message=message)
        print(f"error: {message}", file=sys.stderr)
    sys.exit(outcome.code)


def _part(host: Host | None, run: Path, engine: Engine) -> AbstractContextManager[Path]:
    """The folder to work in, once this process is one of several."""
    if host is None or host.count == 1:
        return nullcontext(run)
    from all_tf.joining import joined

    return joined(host, run, devices=engine.devices)


def _train(run: Path, args: dict, host: Host | None) -> list[dict]:
    row = EXPERIMENTS[args["experiment"]] if args["experiment"] else _row_of(args["arch"])
    if args["fold"] == _ALL:
        _refuse_several(host, "--fold all")
        return _cross_validate(run, row, args)
    experiment = replace(row, **_given(args, Experiment))
    engine = Engine(**_given(args, Engine), backend="jax" if host else "tensorflow")
    from all_tf.runtime import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    records, trusted = args["records"] or _RECORDS, args["trust_records"]
    tensorboard = args["tensorboard"] or names.TENSORBOARD[0]
    if tensorboard != names.TENSORBOARD[0]:
        _refuse_several(host, f"--tensorboard {tensorboard}")
    with _part(host, run, engine) as folder:
        from all_tf.training import train

        return train(
            experiment, records, folder, trusted=trusted, engine=engine, tensorboard=tensorboard
        )


def _cross_validate(run: Path, row: Experiment, args: dict) -> list[dict]:
    from all_tf.cross_validation import begin, cross_validate

    experiment = replace(row, **_given({**args, "fold": None}, Experiment))
    begin(run, experiment, records=args["records"] or _RECORDS, options=sys.argv[1:])
    return [cross_validate(run, train=Path(__file__), trusted=args["trust_records"])]


def _refit(run: Path, args: dict, host: Host | None) -> list[dict]:
    _refuse_several(host, "--refit")
    from all_tf.cross_validation import plan_refit, read_cross_validation

    records = args["records"] or read_cross_validation(args["refit"]).records
    experiment, calibration = plan_refit(args["refit"], records=records)
    experiment = replace(experiment, **_given(args, Experiment))
    engine = Engine(**_given(args, Engine))
    from all_tf.runtime import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic)
    from all_tf.training import train

    return train(
        experiment,
        records,
        run,
        trusted=args["trust_records"],
        engine=engine,
        tensorboard=args["tensorboard"] or names.TENSORBOARD[0],
        calibration=calibration,
    )


def _resume(run: Path, args: dict, host: Host | None) -> list[dict]:
    if is_cross_validation(run):
        from all_tf.cross_validation import cross_validate

        _refuse_several(host, "a run of all folds")
        records, trusted = args["records"], args["trust_records"]
        return [cross_validate(run, train=Path(__file__), records=records, trusted=trusted)]
    engine = engine_of(read_config(run)[1])
    if engine.backend != "jax":
        _refuse_several(host, f"{run}, which was begun without")
    from all_tf.runtime import load_tensorflow

    load_tensorflow(deterministic=engine.deterministic, backend=engine.backend)
    with _part(host, run, engine) as folder:
        from all_tf.training import resume

        return resume(folder, records=args["records"], trusted=args["trust_records"])


def _refuse_several(host: Host | None, what: str) -> None:
    if host is not None:
        raise ConfigError(f"--num-processes does not go with {what}. Leave one of them out.")


def _given(args: dict, settings: type) -> dict:
    """What was given of the fields of a dataclass."""
    known = {field.name for field in fields(settings)}
    return {key: value for key, value in args.items() if key in known and value is not None}


def _unexpected(args: dict, *, allowed: Collection[str] = _OF_RESUME) -> list[str]:
    """The options given that a resumed run, or one that follows another, does not take."""
    given = {key for key, value in args.items() if value is not None and value is not False}
    return sorted(f"--{key.replace('_', '-')}" for key in given - set(allowed))


def _new_run(args: dict) -> Path:
    name = args["experiment"] or args["arch"] or f"{args['refit'].resolve().name}-refit"
    return Path("runs", f"{datetime.now():%Y%m%d-%H%M%S}-{name}")


def _what_now(run: Path) -> str:
    if is_cross_validation(run):
        return f"folds that are finished are kept. Go on with: {resume_command(run)}"
    if not (run / CONFIG_FILE).is_file():
        return "no run was begun"
    return f"{epochs_done(run)} epochs are kept. Go on with: {resume_command(run)}"


def _fold(text: str) -> int | str:
    if text != _ALL and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number, or {_ALL}; received: {text}")
    return text if text == _ALL else int(text)


def _row_of(arch: str) -> Experiment:
    """The first row of an architecture: the study's, where the study has one."""
    for row in EXPERIMENTS.values():
        if row.arch == arch:
            return row
    raise ValueError(f"all_tf/experiments.py has no row for {arch}. Add one. Received: arch={arch}")


def _tensorboard() -> str:
    """The command as it works from here, whether or not the environment is active."""
    import shutil

    beside = Path(sys.executable).with_name("tensorboard")
    found = shutil.which("tensorboard")
    return "tensorboard" if found and Path(found).samefile(beside) else str(beside)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        usage="%(prog)s (--arch NAME | --experiment NAME | --refit DIR | --resume RUN) [...]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_what(parser)
    _add_images(parser.add_argument_group("images").add_argument)
    _add_learning(parser.add_argument_group("learning").add_argument)
    _add_fine_tuning(parser.add_argument_group("fine-tuning").add_argument)
    _add_processes(parser.add_argument_group("several processes: docs/scaling.md").add_argument)
    _add_choosing(parser.add_argument_group("choosing epoch and threshold").add_argument)
    _add_engine(parser.add_argument_group("engine").add_argument)
    return parser


def _add_what(parser: argparse.ArgumentParser) -> None:
    row = parser.add_mutually_exclusive_group(required=True).add_argument
    row("--arch", choices=names.ARCHITECTURES, metavar="NAME", help="see --list-archs")
    row("--experiment", choices=EXPERIMENTS, metavar="NAME", help=", ".join(EXPERIMENTS))
    row("--refit", type=Path, metavar="DIR", help="train on all folds, as those of DIR advise")
    row("--resume", type=Path, metavar="RUN", help="go on with a run that was interrupted")
    add = parser.add_argument
    # Prints and exits, even without --arch.
    what_is_known = describe_architectures()
    add("--list-archs", action="version", version=what_is_known, help="print a table of them")
    add("--records", type=Path, metavar="DIR", help=f"default: {_RECORDS}, or the resumed run's")
    add("--run-dir", type=Path, metavar="DIR", help="default: runs/YYYYmmdd-HHMMSS-NAME; new")
    add("--seed", type=int, metavar="N")
    tensorboard = "what it shows; full: cells too, in pictures and by features; default: scalars"
    add("--tensorboard", choices=names.TENSORBOARD, help=tensorboard)
    add("--trust-records", action="store_true", help="skip the SHA-256 of the shards")


def _add_images(add) -> None:
    add("--crop", type=int, metavar="PX", help="side of the slide's centre that is kept")
    add("--image-size", type=int, metavar="PX", help="side that the network sees")
    add(
        "--augment",
        type=lambda text: () if text == "none" else tuple(text.split(",")),
        metavar="A,B",
        help=f"none, or some of: {', '.join(names.AUGMENTATIONS)}",
    )
    add("--imbalance", choices=names.STRATEGIES)
    add("--limit-train", type=int, metavar="N", help="images, drawn over classes and patients")
    add("--limit-validation", type=int, metavar="N")


def _add_learning(add) -> None:
    add("--weights", metavar="W", help="imagenet, none, or a file *.weights.h5")
    add("--epochs", type=int, metavar="N")
    add("--last-epoch", type=int, metavar="N", help="end after it, in the midst of the schedule")
    add("--batch-size", type=int, metavar="N")
    add("--learning-rate", type=float, metavar="X", help="the highest of the schedule")
    add("--optimizer", choices=names.OPTIMIZERS)
    add("--schedule", choices=names.SCHEDULES, help="of the learning rate; cosine ends at 0")
    add("--warmup-epochs", type=int, metavar="N", help="in which the learning rate rises from 0")
    add("--loss", choices=names.LOSSES)


def _add_fine_tuning(add) -> None:
    add("--freeze-epochs", type=int, metavar="N", help="at first, that train the head alone")
    add("--layer-decay", type=float, metavar="X", help="a stage learns X times as fast as the next")
    add("--dropout", type=float, metavar="X", help="share of the features before the last layer")
    add("--weight-decay", type=float, metavar="X", help="of kernels; decoupled under adamw")
    add("--label-smoothing", type=float, metavar="X", help="labels become X/2 and 1 - X/2")
    add("--ema", type=float, metavar="X", help="decay of averaged weights, validated and kept")


def _add_processes(add) -> None:
    add("--num-processes", type=int, metavar="N", help="that train together, by JAX; resumed too")
    add("--process-id", type=int, metavar="K", help="this one, from 0")
    add("--coordinator", metavar="HOST:PORT", help="where process 0 awaits the others")


def _add_choosing(add) -> None:
    add("--protocol", choices=names.PROTOCOLS, help="default: honest")
    add("--fold", type=_fold, metavar="K", help="held out to choose the epoch on; or all, in turn")
    add("--monitor", choices=names.MONITORS, metavar="M", help="default: val_kappa")
    add(
        "--min-sensitivity",
        type=float,
        metavar="X",
        help="choose the highest threshold that reaches it; default: that of the highest kappa",
    )
    add("--patience", type=int, metavar="N", help="stop after N epochs without a better one")


def _add_engine(add) -> None:
    add("--precision", choices=names.PRECISIONS, help="of the backbone; it changes results")
    add("--jit", choices=names.JITS, help="XLA for the step; auto: on a GPU, not on a CPU")
    text = "in one call, at most; an interrupted run finishes as many before it ends"
    add("--steps-per-execution", type=int, metavar="N", help=text)
    add("--devices", type=int, metavar="N", help="GPUs of this machine that share each batch")
    add("--deterministic", action="store_true", help="equal runs give equal bits; slower")


if __name__ == "__main__":
    main()
