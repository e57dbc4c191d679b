"""Command-line options of train.py, in groups; imports nothing heavy."""

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from all_tf.config import choices
from all_tf.config.engine import Engine
from all_tf.config.presets import EXPERIMENTS
from all_tf.system.arguments import whole_number
from all_tf.system.checks import ConfigError
from all_tf.system.cli import script_parser
from all_tf.system.script_command import runnable
from builders.architecture_info import describe_architectures

RECORDS = Path("data/records")
ALL_FOLDS = "all"  # Value of --fold for a cross-validation.
ALL_EPOCHS = "all"  # Value of --freeze-epochs for a linear probe.
_YES_OR_NO = argparse.BooleanOptionalAction
_OF_RESUME = ("resume", "records", "trust_records", "num_processes", "process_id", "coordinator")
_OF_ENGINE = tuple(field.name for field in fields(Engine))
_OF_GOING_ON = ("resume", "records", "trust_records", "epochs", "run_dir", "goes_on")
_OF_REFIT = (*_OF_RESUME, "refit", "run_dir", "seed", "tensorboard", *_OF_ENGINE)


def parse_options(description: str) -> dict:
    """Parse the command line: values by option name, None for options that were not given.

    Args:
        description: The first lines of `--help`.

    Raises:
        SystemExit: Options contradict each other, or --help was given.
    """
    return _parse(_parser(description), sys.argv[1:])


def _parse(parser: argparse.ArgumentParser, words: Sequence[str]) -> dict:
    options = vars(parser.parse_args(words))
    options["goes_on"] = bool(options["resume"] and options["epochs"])
    if options["goes_on"]:
        if unexpected := _unexpected(options, allowed=_OF_GOING_ON):
            parser.error(f"--resume with --epochs goes on as it is. Received: {unexpected}")
        options |= {"config": options["resume"], "resume": None}
    if options["resume"] and (unexpected := _unexpected(options, allowed=_OF_RESUME)):
        parser.error(f"--resume takes all settings from the run. Received: {unexpected}")
    if options["refit"] and (unexpected := _unexpected(options, allowed=_OF_REFIT)):
        parser.error(f"--refit takes its settings from DIR. Received: {unexpected}")
    return options | {"words": list(words)}


def parse_words(words: Sequence[str]) -> dict:
    """Parse words as a command line of train.py (`parse_options`).

    Raises:
        ConfigError: A word is none of its options or values.
    """
    return _parse(_parser("", refusal=ConfigError), words)


def words_of(settings: Mapping[str, object]) -> list[str]:
    """The words that `parse_words` reads as these settings.

    Args:
        settings: Values by option name, as `parse_words` returns them; None for what is not given.

    Raises:
        ConfigError: There is no such setting, or no such value of a flag.
    """
    actions: dict[str, list[argparse.Action]] = {}
    for action in _parser("")._actions:
        actions.setdefault(action.dest, []).append(action)
    if unknown := sorted(settings.keys() - actions.keys()):
        raise ConfigError(f"No such setting: {', '.join(unknown)}. Known: {', '.join(actions)}.")
    return [
        word
        for name, value in settings.items()
        if value is not None
        for word in _words(actions[name], value)
    ]


def _words(actions: Sequence[argparse.Action], value: object) -> list[str]:
    option = actions[0].option_strings[0]
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value)) or "none"
    if actions[0].nargs != 0:
        return [f"{option}={value}"]
    if value == actions[0].default:
        return []
    flag_of = _flags(actions)
    if value not in flag_of:
        known = ", ".join(map(str, flag_of))
        raise ConfigError(f"Expected {option} to be {known}. Received: {value!r}")
    return [flag_of[value]]


def _flags(actions: Sequence[argparse.Action]) -> dict[object, str]:
    """The flag that sets each value."""
    if isinstance(actions[0], _YES_OR_NO):
        return dict(zip((True, False), actions[0].option_strings, strict=True))
    return {action.const: action.option_strings[0] for action in actions}


def _unexpected(options: dict, *, allowed: Collection[str]) -> str:
    """List the given options that a resumed run, or a refit, does not accept."""
    left_out = {"trust_records": False, "goes_on": False}  # All others are None.
    found = {key for key, value in options.items() if value != left_out.get(key)}
    return ", ".join(sorted(f"--{key.replace('_', '-')}" for key in found - set(allowed)))


def _parser(description: str, *, refusal: type[Exception] | None = None) -> argparse.ArgumentParser:
    parser = script_parser(
        description,
        refusal=refusal,
        usage="%(prog)s (--arch NAME | --experiment NAME | --config RUN | --refit DIR | "
        "--resume RUN) [...]",
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
    row("--arch", choices=choices.ARCHITECTURE_NAMES, metavar="NAME", help="see --list-archs")
    row("--experiment", choices=EXPERIMENTS, metavar="NAME", help=", ".join(EXPERIMENTS))
    row("--config", type=Path, metavar="RUN", help="settings of a run, or of a file config.json")
    row("--refit", type=Path, metavar="DIR", help="train on all folds of a cross-validation")
    row("--resume", type=Path, metavar="RUN", help="resume a run that was interrupted")
    add = parser.add_argument
    # The action "version" prints the table and exits, even without --arch.
    table = runnable(describe_architectures())
    add("--list-archs", action="version", version=table, help="print a table of architectures")
    add("--records", type=Path, metavar="DIR", help=f"default: {RECORDS}, or the resumed run's")
    add("--run-dir", type=Path, metavar="DIR", help="default: runs/YYYYmmdd-HHMMSS-NAME; new")
    add("--seed", type=int, metavar="N")
    tensorboard = "scalars (default), or full: also pictures and features of cells"
    add("--tensorboard", choices=choices.TENSORBOARD, help=tensorboard)
    add("--trust-records", action="store_true", help="skip the SHA-256 of the shards")


def _add_images(add) -> None:
    add("--crop", type=int, metavar="PX", help="side of the central crop of an image")
    add("--image-size", type=int, metavar="PX", help="side of the network's input")
    add(
        "--augment",
        type=lambda text: () if text == "none" else tuple(text.split(",")),
        metavar="A,B",
        help=f"none, or some of: {', '.join(choices.AUGMENTATIONS)}",
    )
    add("--imbalance", choices=choices.STRATEGY_NAMES)
    add("--limit-train", type=int, metavar="N", help="images, sampled over classes and patients")
    add("--limit-validation", type=int, metavar="N")


def _add_learning(add) -> None:
    add("--weights", metavar="W", help="imagenet, none, a file *.weights.h5, or a finished run")
    add("--epochs", type=int, metavar="N")
    add("--last-epoch", type=int, metavar="N", help="end after this epoch, within the schedule")
    add("--batch-size", type=int, metavar="N")
    add("--learning-rate", type=float, metavar="X", help="highest learning rate of the schedule")
    add("--optimizer", choices=choices.OPTIMIZER_NAMES)
    add("--schedule", choices=choices.SCHEDULE_NAMES, help="of the learning rate; cosine ends at 0")
    add("--warmup-epochs", type=int, metavar="N", help="epochs in which the rate rises from 0")
    add("--loss", choices=choices.LOSS_NAMES)


def _add_fine_tuning(add) -> None:
    frozen = "first epochs, which train only the head; all: a linear probe of kept features"
    add("--freeze-epochs", type=_epochs, metavar="N", help=frozen)
    add("--layer-decay", type=float, metavar="X", help="a stage learns X times as fast as the next")
    add("--dropout", type=float, metavar="X", help="share of the features before the last layer")
    add("--weight-decay", type=float, metavar="X", help="of kernels; decoupled under adamw")
    add("--label-smoothing", type=float, metavar="X", help="labels become X/2 and 1 - X/2")
    add("--ema", type=float, metavar="X", help="decay of averaged weights, validated and saved")


def _add_processes(add) -> None:
    add("--num-processes", type=int, metavar="N", help="processes that train together, with JAX")
    add("--process-id", type=int, metavar="K", help="number of this process, from 0")
    add("--coordinator", metavar="HOST:PORT", help="address at which process 0 waits")


def _add_choosing(add) -> None:
    add("--protocol", choices=choices.PROTOCOLS, help="default: honest")
    add("--fold", type=_fold, metavar="K", help="held-out fold, to choose the epoch on; or all")
    add("--monitor", choices=choices.MONITORS, metavar="M", help="default: val_kappa")
    add(
        "--min-sensitivity",
        type=float,
        metavar="X",
        help="use the highest threshold with this sensitivity; default: that of the highest kappa",
    )
    held_out = "whether to score the held-out set at the end; no: while settings are compared"
    add("--held-out", dest="score_held_out", action=_YES_OR_NO, default=None, help=held_out)
    add("--patience", type=int, metavar="N", help="stop after N epochs without improvement")
    minutes = "stop after so much training, within an epoch if need be"
    add("--max-minutes", type=float, metavar="X", help=minutes)


def _add_engine(add) -> None:
    add("--precision", choices=choices.PRECISIONS, help="of the backbone; it changes results")
    add("--jit", choices=choices.JITS, help="XLA for the step; auto: on a GPU, not on a CPU")
    steps = "most steps in one call; an interrupted run finishes them before it ends"
    add("--steps-per-execution", type=int, metavar="N", help=steps)
    add("--devices", type=int, metavar="N", help="GPUs of this machine that share each batch")
    bits = "whether equal runs give equal bits; slower"
    add("--deterministic", action=_YES_OR_NO, default=None, help=bits)


def _epochs(text: str) -> int | str:
    return text if text == ALL_EPOCHS else whole_number()(text)


def _fold(text: str) -> int | str:
    return text if text == ALL_FOLDS else whole_number()(text)
