"""A review of labels on disk: a table of all cells and a picture of the most doubtful ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from all_tf.data.cells import load_cells
from all_tf.metrics.label_errors import describe_trust, most_doubtful, review_rows
from all_tf.plots.cell_grid import draw_cells
from all_tf.plots.cell_images import cell_image
from all_tf.plots.style import as_png
from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import out_of_fold_folder, read_cross_validation
from all_tf.runs.folder import (
    METRICS_FILE,
    PREDICTIONS_FILE,
    RunError,
    is_cross_validation,
    read_config,
    read_metrics,
    refuse_links,
    set_name,
)
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.records_digest import are_scored
from all_tf.runs.records_label import records_label
from all_tf.runs.required_files import REVIEW_FILE, REVIEW_FOLDER
from all_tf.runs.result_files import replaced_files
from all_tf.system.tables import write_csv
from tfrecords.class_names import ClassNames, class_names_of

SHEET_FILE = "cells.png"
_SIDE = 220  # Pixels of a cell in the picture.


class Reviewed(NamedTuple):
    """A review that was written."""

    folder: Path
    rows: list[dict[str, object]]  # The rows that `review_rows` returned.
    scored: str  # Which images were scored, and by which networks.
    trust: str  # How far the ranking can be trusted.


class _Source(NamedTuple):
    predictions: Path  # The folder of predictions.csv and metrics.json.
    records: Path
    crop: int
    scored: str


def write_review(
    run: Path, *, records: Path | None = None, num_cells: int = 40, trusted: bool = False
) -> Reviewed:
    """Write RUN/review/: review.csv, cells.png, SHA256SUMS; no other file is changed.

    Args:
        run: A cross-validation, or a single run; of that only the fold on which its epoch was
            chosen is reviewed.
        records: A records directory; None for the one that the run was trained on.
        num_cells: Most cells in the picture.
        trusted: Whether to skip the SHA-256 of the shards.

    Raises:
        RunError: The run is unfinished, or was trained on the images that it scored, or the records
            are not those that it scored.
        ValueError: There is no cell to show.
    """
    refuse_links(run)
    source = _source_of(run, records)
    for name in (METRICS_FILE, PREDICTIONS_FILE):
        unchanged(source.predictions / name)
    report = read_metrics(source.predictions)
    if "resubstitution" in report["stamps"]:
        raise RunError(
            f"{run} was trained on the images that it scored, with their labels. Name its "
            "cross-validation, or a run with a fold held out."
        )
    classes = class_names_of(report)
    predictions = read_predictions(source.predictions / PREDICTIONS_FILE, classes=classes)
    rows = review_rows(predictions, threshold=report["threshold"])
    folder, figure = run / REVIEW_FOLDER, None
    shown = most_doubtful(rows, num_cells)
    if shown:
        cells = load_cells(source.records, report["split"], trusted=trusted)
        png_of_name = dict(zip(cells.names.tolist(), cells.pngs, strict=True))
        images = [
            cell_image(png_of_name[row["name"]], crop=source.crop, side=_SIDE) for row in shown
        ]
        title = _title(report)
        figure = draw_cells(np.stack(images), _captions(shown, classes), title=title)
    with replaced_files(folder, dropped=[SHEET_FILE]) as partial:
        write_csv(partial / REVIEW_FILE, rows)
        if figure is not None:
            (partial / SHEET_FILE).write_bytes(as_png(figure))
    return Reviewed(folder, rows, source.scored, describe_trust(report))


def _title(report: Mapping[str, Any]) -> str:
    scored = f"{set_name(report['split'], report['fold'])} of {records_label(report)}"
    auc = "not estimable" if report.get("auc") is None else f"{report['auc']:.3f}"
    return (
        f"Cells in doubt, {scored}; AUROC {auc}, threshold {report['threshold']:.2f}\n"
        "Grouped by patient. A score near the threshold says little about the label."
    )


def _source_of(run: Path, records: Path | None) -> _Source:
    if is_cross_validation(run):
        asked = read_cross_validation(run, records=records)
        limit = asked.experiment.limit_validation
        which = "every training image" if limit is None else f"at most {limit} images of each fold"
        scored = f"{which}, by a network trained without its patient"
        return _Source(out_of_fold_folder(run), asked.records, asked.experiment.crop, scored)
    experiment, facts = read_config(run)
    report = read_metrics(run)
    scored = f"only {set_name(report['split'], report['fold'])}; for all of train: --fold all"
    records = records or Path(facts["records"])
    if not are_scored(records, report, facts):
        raise RunError(
            f"{records} does not hold the images that {run} scored (SHA-256 of the manifest), and "
            "cells of the same names would be shown in their place. Name the run's own records, or "
            "a copy: --records DIR"
        )
    return _Source(run, records, experiment.crop, scored)


def _captions(rows: Sequence[Mapping[str, Any]], classes: ClassNames) -> list[str]:
    return [
        f"{row['pseudonym']}, rank {row['rank']}\nlabel {classes[row['label']]}, "
        f"score {row['calibrated_score']:.2f}\n{row['why']}"
        for row in rows
    ]
