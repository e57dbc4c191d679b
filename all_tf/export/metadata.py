"""What export.json says of exported runs: classes, limits, digests and caveats."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

from all_tf import __version__
from all_tf.data.training_range import RANGE_FILE, read_range
from all_tf.runs.calibration_file import CALIBRATION_FILE, read_calibration
from all_tf.runs.checksums import unchanged
from all_tf.runs.folder import (
    CONFIG_FILE,
    METRICS_FILE,
    other_records,
    read_config,
    read_metrics,
    set_name,
)
from all_tf.runs.known_cells_file import KNOWN_CELLS_FILE, read_known_cells
from all_tf.runs.required_files import holds_result
from tfrecords.class_names import class_names_of
from tfrecords.schema import IMAGE_SIDE
from tfrecords.store.manifest import digest_file

RESEARCH_USE = "For research use only: no basis for the care of any patient."


def describe_runs(members: Sequence[Path]) -> list[dict[str, object]]:
    """Describe each run: its network, its view, its calibration, its limits and its caveats.

    Args:
        members: Finished runs.

    Returns:
        A dict for each, of `name`, `arch`, `classes` (negative, positive), `view`, `calibration`,
        `range_of_training_images`, `range_of_known_cells` (of known_cells.json; None for a run of
        an earlier version), `stamps` by the set that they limit, and digests, whose names end with
        `_sha256`.

    Raises:
        RunError: A file of a run is missing or damaged, or a report was changed.
    """
    return [_describe(run) for run in members]


def _describe(run: Path) -> dict[str, object]:
    experiment, facts = read_config(run)
    calibration = read_calibration(run)
    return {
        "name": run.resolve().name,
        "arch": experiment.arch,
        "classes": list(class_names_of(facts)),
        "precision": experiment.precision,
        "view": asdict(experiment.view),
        "calibration": asdict(calibration),
        "range_of_training_images": _limits(run),
        "range_of_known_cells": _known_range(run),
        "stamps": _stamps(run),
        "weights_sha256": read_metrics(run).get("weights_sha256", ""),
        "config_sha256": digest_file(run / CONFIG_FILE),
        "calibration_sha256": digest_file(run / CALIBRATION_FILE),
        "manifest_sha256": facts.get("manifest_sha256", ""),
        "folds_sha256": facts.get("folds_sha256", ""),
    }


def _limits(run: Path) -> dict[str, list[float]] | None:
    """The limits of the range check, by feature; None for a run that has none."""
    ranges = read_range(run) if unchanged(run / RANGE_FILE).is_file() else None
    return None if ranges is None else {name: list(ends) for name, ends in ranges.items()}


def _known_range(run: Path) -> dict | None:
    """The limits of colour, focus and scale that predict.py compares new images with."""
    unchanged(run / KNOWN_CELLS_FILE)
    known = read_known_cells(run)
    return None if known is None else known.range


def _stamps(run: Path) -> dict[str, list[str]]:
    """The stamps of each report on own records by the own calibration, by the name of the set."""
    _, facts = read_config(run)
    folders = [run, *sorted(filter(holds_result, run.glob("evaluation/[!.]*")))]
    reports = [read_metrics(unchanged(folder / METRICS_FILE).parent) for folder in folders]
    return {
        set_name(report["split"], report.get("fold")): list(report.get("stamps", []))
        for report in reports
        if "split" in report and "calibration" not in report and not other_records(report, facts)
    }


def about_model(runs: list[dict[str, object]], *, threshold: float) -> dict[str, object]:
    """What holds in every format: input, outputs, classes, threshold, and what is not inside.

    Args:
        runs: As `describe_runs` gives them.
        threshold: Of the probability.
    """
    shape = ["n", IMAGE_SIDE, IMAGE_SIDE, 3]
    # A graph has one positive class: that of all of its runs.
    negative, positive = cast(list[str], runs[0]["classes"])
    return {
        "use": RESEARCH_USE,
        "made_by": f"all_tf {__version__}",
        "classes": [negative, positive],
        "threshold": threshold,
        "input": {"image": {"dtype": "uint8", "shape": shape, "what": "RGB, one cell an image"}},
        "outputs": {
            "probability": {
                "dtype": "float32",
                "shape": ["n"],
                "what": f"of {positive}, calibrated",
            },
            "answer": {"dtype": "int64", "shape": ["n"], "what": f"1: {positive}, 0: {negative}"},
        },
        "not_inside": "The checks of new images against the ranges of each run.",
        "runs": runs,
    }
