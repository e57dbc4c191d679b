"""Options of the methods that read cells of records, by the names that the commands give them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from all_tf.config import choices
from all_tf.runs.folder import EvaluationSet
from all_tf.system.checks import ConfigError

AnyPath: TypeAlias = str | Path


class SetOptions(TypedDict, total=False):
    """Which cells of the records, and how they are read."""

    split: str | None  # "validation", "test" or "train".
    fold: int | None  # Of the split train; None for all of them.
    trust_records: bool  # Whether the SHA-256 of the shards is skipped.
    overwrite: bool  # Whether a result on the same other records is replaced.


class ProofOptions(TypedDict, total=False):
    """The cells that an exported file is held against."""

    cells: int  # Of the selection set; 200 by default.
    records: AnyPath | None  # None for those of the training.
    trust_records: bool  # Whether the SHA-256 of the shards is skipped.


def check_options(options: Mapping[str, Any], known: type) -> None:
    """Raise ConfigError where a name is none of those that a TypedDict has.

    Python does not check them: a misspelt option would be left out without a word.
    """
    names = known.__annotations__
    if unknown := sorted(options.keys() - names.keys()):
        raise ConfigError(f"No such option: {', '.join(unknown)}. Known: {', '.join(names)}.")


def folders_of(runs: AnyPath | Iterable[AnyPath]) -> list[Path]:
    """The folders of one run or of several.

    Raises:
        ConfigError: There is none.
    """
    folders = [Path(run) for run in ([runs] if isinstance(runs, str | Path) else runs)]
    if not folders:
        raise ConfigError("Expected the folder of a run, or of several. Received: none")
    return folders


def check_tta(tta: int) -> None:
    """Raise ConfigError unless there are so many test-time views."""
    if tta not in choices.TTA:
        known = " or ".join(map(str, choices.TTA))
        raise ConfigError(f"Expected tta of {known}. Received: tta={tta}")


def evaluation_set(records: AnyPath | None, options: SetOptions) -> EvaluationSet:
    """The cells that a method was asked for, as the layers below take them.

    Raises:
        ConfigError: There is no such option.
    """
    check_options(options, SetOptions)
    return EvaluationSet(
        options.get("split"),
        options.get("fold"),
        None if records is None else Path(records),
        options.get("trust_records", False),
        options.get("overwrite", False),
    )
