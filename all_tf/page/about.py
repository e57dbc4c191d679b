"""What the server says of its networks: GET /model, the head of the page, and the run's report."""

from collections.abc import Sequence
from pathlib import Path

from all_tf.evaluation.predict_images import Predictor
from all_tf.export.metadata import about_model, describe_runs
from all_tf.metrics.calibration import mean_calibration
from all_tf.page.limits import PageLimits
from all_tf.reports.html_report.write import REPORT_FILE, page_about

_LARGE = ("range_of_known_cells",)  # Matrices that nobody reads.


def describe_model(predictor: Predictor, limits: PageLimits) -> dict[str, object]:
    """Describe what answers, and what a request may hold.

    Returns:
        What `export.json` says of a model, without its inputs and outputs; `calibration`, the name
        of one that was fitted on other cells, or None; `tta`; and `limits`.

    Raises:
        RunError: A file of a run is missing or damaged.
    """
    runs = [
        {key: value for key, value in run.items() if key not in _LARGE}
        for run in describe_runs([scorer.folder for scorer in predictor.scorers])
    ]
    about = about_model(runs, threshold=threshold_of(predictor))
    for key in ("input", "outputs", "not_inside"):
        del about[key]
    named = predictor.named.name if predictor.named else None
    bounds = ("most_bytes", "most_images", "most_fields", "most_pixels", "most_heat_maps")
    return about | {
        "calibration": named,
        "tta": predictor.tta,
        "limits": {name: getattr(limits, name) for name in bounds},
    }


def threshold_of(predictor: Predictor) -> float:
    """The probability at and above which a cell is called positive."""
    if predictor.named:
        return predictor.named.calibration.threshold
    own = [scorer.calibration for scorer in predictor.scorers]
    return own[0].threshold if len(own) == 1 else mean_calibration(own).threshold


def report_of(runs: Sequence[Path]) -> str:
    """The report of a run: its own file, or one that is made of its metrics, in memory.

    Args:
        runs: The folders that the server was started with.

    Raises:
        OSError, ValueError: There is none, and none can be made.
    """
    own = runs[0] / REPORT_FILE
    if len(runs) == 1 and own.is_file() and not own.is_symlink():
        return own.read_text(encoding="utf-8")
    return page_about(runs)
