"""The runs that folders stand for: one run, a cross-validation's folds, an ensemble's members."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path

from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import fold_name, read_finished_folds
from all_tf.runs.folder import (
    CONFIG_FILE,
    METRICS_FILE,
    RunError,
    is_cross_validation,
    read_config,
    read_metrics,
)
from all_tf.runs.strict_reading import damage_error
from tfrecords.class_names import are_turned, class_names_of
from tfrecords.names import legible


def runs_together(folders: Sequence[Path]) -> list[Path]:
    """The runs that folders stand for (`runs_behind`), of which several form an ensemble.

    Raises:
        RunError: A cross-validation or an ensemble is damaged or cannot be one.
    """
    runs = [run for folder in folders for run in runs_behind(folder)]
    return members_of(folders) if len(runs) > 1 else runs


def members_of(runs: Sequence[Path]) -> list[Path]:
    """The runs that form an ensemble (`runs_behind`).

    Raises:
        RunError: There are fewer than two, one is named twice, two hold the same weights, or what
            one calls positive another calls negative.
    """
    members = [member for run in runs for member in runs_behind(run)]
    if len(members) < 2 or len({member.resolve() for member in members}) < len(members):
        raise RunError(
            "An ensemble has two runs or more, each once. Received: " + ", ".join(map(str, members))
        )
    _refuse_copies(members)
    whole = [member for member in members if (member / CONFIG_FILE).is_file()]  # `load_run` checks.
    classes = [class_names_of(read_config(member)[1]) for member in whole]
    if any(are_turned(one, other) for one, other in combinations(classes, 2)):
        raise RunError(
            "The positive class of one run is the negative class of another, so that their logits "
            "mean opposite things. Choose runs of one positive class."
        )
    return members


def runs_behind(folder: Path) -> list[Path]:
    """The runs that a folder stands for: a run, a cross-validation's folds, an ensemble's members.

    The records of a cross-validation need not be there any more.

    Raises:
        RunError: The cross-validation or the ensemble is damaged, a member has other weights than
            the ensemble was evaluated with, or that was done with a calibration of its own, which
            its members do not have.
    """
    if is_cross_validation(folder):
        return [folder / fold_name(fold) for fold in read_finished_folds(folder)]
    if (folder / CONFIG_FILE).is_file() or not (folder / METRICS_FILE).is_file():
        return [folder]
    report = read_metrics(unchanged(folder / METRICS_FILE).parent)
    if "calibration" in report:
        raise RunError(
            f"{folder} was evaluated with the calibration {report['calibration']!r}, which its "
            "members do not have. Name the runs or the cross-validation themselves."
        )
    if not report.get("members"):
        return [folder]
    if other := other_networks(folder, report):
        raise RunError(
            f"{other[0]} is not the run that {folder} is a result of (SHA-256 of the weights). "
            "Restore it, or evaluate the ensemble again: evaluate.py --ensemble RUN RUN --out DIR"
        )
    return noted_members(folder, report)


def note_members(folder: Path, members: Sequence[Path]) -> dict[str, list[str]]:
    """What an ensemble's report says of its members: where they are, and the SHA-256 of weights.

    The paths are relative to the folder of the report, so that they hold wherever a command is
    started, and where all of them are moved together.

    Args:
        folder: Of the report; it need not be there.
        members: Finished runs.
    """
    place = folder.resolve()
    return {
        "members": [os.path.relpath(member.resolve(), place) for member in members],
        "members_sha256": [_digest_of(member) for member in members],
    }


def noted_members(folder: Path, report: Mapping) -> list[Path]:
    """The runs that an ensemble's report names; whether they are those is `other_networks`.

    An earlier version noted paths from where it was started, and no SHA-256: a warning says so.

    Raises:
        RunError: There is not one SHA-256 for each member.
    """
    names = report["members"]
    if (digests := report.get("members_sha256")) is None:
        _warn_of_paths_alone(folder, tuple(names))
        return [Path(name) for name in names]
    if len(digests) != len(names) or not all(digests):
        why = f"Expected a SHA-256 for each of {len(names)} members."
        raise damage_error(folder / METRICS_FILE, None, "members_sha256", why)
    return [(folder.resolve() / name).resolve() for name in names]


def other_networks(folder: Path, report: Mapping) -> list[Path]:
    """The members that do not hold the weights that an ensemble's report is of, or none.

    Empty for a report of an earlier version, which noted no SHA-256.
    """
    members = noted_members(folder, report)
    if "members_sha256" not in report:
        return []
    pairs = zip(members, report["members_sha256"], strict=True)
    return [member for member, digest in pairs if _digest_of(member) != digest]


def _digest_of(run: Path) -> str:
    """SHA-256 of a run's weights, with which `load_run` compares them; empty for no run."""
    return read_metrics(run).get("weights_sha256", "") if (run / METRICS_FILE).is_file() else ""


def _refuse_copies(members: Sequence[Path]) -> None:
    run_of_digest: dict[str, Path] = {}
    for member in members:
        first = run_of_digest.setdefault(_digest_of(member) or str(member), member)
        if first is not member:
            raise RunError(
                f"{member} holds the same weights as {first} (SHA-256), so that one network would "
                "count twice. Name each network once."
            )


@cache  # Once a process: several readers ask.
def _warn_of_paths_alone(folder: Path, names: tuple[str, ...]) -> None:
    text = (
        f"WARNING: {folder} is of an earlier version, which noted no SHA-256 of its members. "
        f"Whether {', '.join(names)} are those networks cannot be said; paths begin at the current "
        "folder. Evaluate the ensemble again."
    )
    print(legible(text), file=sys.stderr, flush=True)
