"""The space of a sweep: which options of train.py are fixed, and which are varied over what."""

import io
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args

from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.launch.asked import Asked, ask
from all_tf.launch.options import parse_words
from all_tf.runs.strict_reading import read_object
from all_tf.system.checks import ConfigError

# The sweep trains every fold for itself, and says itself what is scored.
_OF_THE_SWEEP = {"fold", "protocol", "last_epoch", "score_held_out", "backend"}
_TYPES = {field.name: field.type for settings in (Experiment, Engine) for field in fields(settings)}
OPTION_NAMES = ("experiment", *(name for name in _TYPES if name not in _OF_THE_SWEEP))
_OF_RANGE = {"low", "high", "log", "step"}
Value = str | int | float | bool


@dataclass(frozen=True)
class Choice:
    """Values of an option, in no order."""

    values: tuple[Value, ...]

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values that stand for all: every one."""
        return self.values

    def holds(self, value: Value) -> bool:
        """Whether a value is one of them."""
        return value in self.values


@dataclass(frozen=True)
class Range:
    """Numbers of an option from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False  # Whether each factor is as likely as the next, and not each difference.
    step: float | None = None
    whole: bool = False  # Whether they are whole numbers.

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values that stand for all: the lowest and the highest."""
        return (self.low, self.high)

    def holds(self, value: Value) -> bool:
        """Whether a value lies in the range, and on its steps."""
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < 1e-9


@dataclass(frozen=True)
class Space:
    """What each trial has in common, and what is varied, by name of an option of train.py."""

    fixed: Mapping[str, Value]
    varied: Mapping[str, Choice | Range]

    def words(self, values: Mapping[str, Value]) -> list[str]:
        """The command line of train.py for a trial.

        Args:
            values: Of all or some of the varied options.
        """
        words = []
        for name, value in {**self.fixed, **values}.items():
            option = f"--{name.replace('_', '-')}"
            if isinstance(value, bool):
                words.append(option if value else option.replace("--", "--no-", 1))
            else:
                words += [option, str(value)]
        return words

    def ask(self, values: Mapping[str, Value]) -> Asked:
        """The training that a trial is.

        Raises:
            ConfigError: A value is invalid, by itself or beside the others.
        """
        with redirect_stdout(io.StringIO()):  # What `ask` says of an architecture without a row.
            return ask(parse_words(self.words(values)))

    def start(self) -> dict[str, Value]:
        """What the row itself has for the varied options, where the space holds it.

        It is the first trial. Where it has all varied options, and the fixed ones are the row's, a
        sweep ends no lower than the row on the same folds.
        """
        first = {name: self.varied[name].ends[0] for name in _NETWORK if name in self.varied}
        asked = self.ask(first)
        settings = vars(asked.experiment) | vars(asked.engine)
        found = {name: _as_option(settings[name]) for name in self.varied if name in settings}
        held = {
            name: value
            for name, value in found.items()
            if value is not None and self.varied[name].holds(value)
        }
        return first | held

    def in_turn(self) -> Iterator[Asked]:
        """The trainings with each value in turn, the other options being those of the row.

        Raises:
            ConfigError: Such a value is invalid; the message names it.
        """
        start = self.start()
        for name, held in self.varied.items():
            for value in held.ends:
                try:
                    asked = self.ask({**start, name: value})
                except ConfigError as error:
                    raise ConfigError(f"{name} {value!r}: {error}") from error
                yield asked


_NETWORK = ("experiment", "arch")


def read_space(path: Path) -> tuple[Space, dict]:
    """Read a space file, and try each value that it names as train.py would take it.

    A JSON object: names of options of train.py, to a fixed value, a list of values, or a range
    {"low": 1e-4, "high": 1e-2, "log": true}, with `step` for a grid.

    Returns:
        The space, and the content of the file.

    Raises:
        RunError: The file is no JSON object.
        ConfigError: A name or a value is unknown to train.py; nothing is varied.
        FileNotFoundError: There is no such file.
    """
    content = read_object(path)
    try:
        parsed = {_known(name): _parsed(name, held) for name, held in content.items()}
        space = Space(
            {name: held for name, held in parsed.items() if not isinstance(held, Choice | Range)},
            {name: held for name, held in parsed.items() if isinstance(held, Choice | Range)},
        )
        _try_out(space)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    return space, content


def _known(name: str) -> str:
    if name in OPTION_NAMES:
        return name
    why = " The sweep decides it." if name in _OF_THE_SWEEP else ""
    raise ConfigError(f"Unknown option.{why} Known: {', '.join(OPTION_NAMES)}. Received: {name!r}")


def _parsed(name: str, held: object) -> Value | Choice | Range:
    if isinstance(held, str | int | float):
        return held
    if isinstance(held, dict):
        return _range(name, held)
    if isinstance(held, list) and _are_different_values(held):
        return Choice(tuple(held))
    raise ConfigError(
        f"Expected for {name} a value, a list of different values, or a range as "
        f'{{"low": 1e-4, "high": 1e-2, "log": true}}. Received: {held!r}'
    )


def _are_different_values(held: list) -> bool:
    are_values = all(isinstance(each, str | int | float) for each in held)
    return bool(held) and are_values and len(set(map(str, held))) == len(held)


def _range(name: str, held: dict) -> Range:
    numbers = [held.get(key) for key in ("low", "high", "step") if key in held]
    are_numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in numbers)
    log, kind = held.get("log", False), _TYPES.get(name)
    whole = kind is int or int in get_args(kind)
    named_well = {"low", "high"} <= held.keys() <= _OF_RANGE and isinstance(log, bool)
    if not named_well or not are_numbers:
        raise ConfigError(f"Expected for {name} numbers low and high, perhaps log, step. {held!r}")
    if kind is not float and not whole:
        raise ConfigError(f"{name} has no range of numbers. Name a list of values. {held!r}")
    if whole and not all(isinstance(x, int) for x in numbers):
        raise ConfigError(f"Expected whole numbers for {name}. Received: {held!r}")
    if not held["low"] < held["high"] or (log and held["low"] <= 0) or held.get("step", 1) <= 0:
        raise ConfigError(
            f"Expected for {name} low below high, above 0 with log, and a step above 0. {held!r}"
        )
    if log and "step" in held:
        raise ConfigError(f"A range of {name} has either log or step. Received: {held!r}")
    if not Range(held["low"], held["high"], step=held.get("step")).holds(held["high"]):
        raise ConfigError(f"No number of steps of {name} leads from low to high. {held!r}")
    return Range(held["low"], held["high"], bool(log), held.get("step"), whole)


def _try_out(space: Space) -> None:
    """Ask for a training with each value in turn, the others being those of the row."""
    if len([name for name in _NETWORK if name in space.fixed or name in space.varied]) != 1:
        raise ConfigError("Expected one of experiment and arch, as train.py does.")
    if not space.varied:
        raise ConfigError("Nothing is varied: name a range or a list for some option.")
    for _ in space.in_turn():
        pass


def _as_option(value: object) -> Value | None:
    """A setting as it is written on a command line; None where no value stands for it."""
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    return value if isinstance(value, Value) else None
