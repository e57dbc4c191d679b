"""Reads what probes and heat maps have shown of a set that a run was evaluated on."""

from collections.abc import Mapping
from pathlib import Path

from all_tf.runs import fields
from all_tf.runs.checksums import unchanged
from all_tf.runs.expectations import Expected
from all_tf.runs.folder import EXPLANATIONS_FOLDER, PROBES_FOLDER
from all_tf.runs.strict_reading import read_object

# The keys that are read. An earlier version wrote files without some of them.
_PROBES_KEYS = {"model", "probes", "stamps", "margin_low", "num_groups_all", "verdict"}
_EXPLANATIONS_KEYS = {"verdict", "randomised", "map_side", "cells"}


def read_probes(run: Path, report: dict) -> dict | None:
    """probes.json; None if no probes were run on a set, or an earlier version ran them.

    Args:
        run: The folder of a run.
        report: Of the set.

    Raises:
        RunError: The file is damaged.
    """
    return _read(run / PROBES_FOLDER / "probes.json", report, fields.PROBES, _PROBES_KEYS)


def read_explanations(run: Path, report: dict) -> dict | None:
    """explanations.json; None if no heat maps were made of a set, or an earlier version made them.

    Args:
        run, report: As `read_probes` takes them.

    Raises:
        RunError: The file is damaged.
    """
    path = run / EXPLANATIONS_FOLDER / "explanations.json"
    return _read(path, report, fields.EXPLANATIONS, _EXPLANATIONS_KEYS)


def _read(
    path: Path, report: dict, expected: Mapping[str, Expected], keys: set[str]
) -> dict | None:
    if not unchanged(path).exists():
        return None
    found = read_object(path, expected)
    same_set = all(
        found.get(key, report.get(key)) == report.get(key)
        for key in ("split", "fold", "records_sha256")
    )
    return found if same_set and keys <= found.keys() else None
