"""What is printed of an exported file: where it is, and how its answers differ from the run's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from all_tf.export.metadata import RESEARCH_USE


def format_export(path: Path, found: Mapping[str, Any]) -> str:
    """Some lines to print.

    Args:
        path: The file, or the folder of a SavedModel.
        found: What export.json says of it (`all_tf.export.export_run.export_runs`).
    """
    proof = found["proof"]
    lines = [
        f"Exported: {path} ({found['num_bytes'] / 1e6:.1f} MB)",
        f"Opened without this project and held against the run on {proof['num_cells']:,} cells of "
        f"{proof['cells_of']}:",
        f"  largest difference of a probability  {proof['largest_difference']:.1e}",
        f"  answers that differ                  {proof['answers_that_differ']:,}",
    ]
    if rounding := proof["half_precision"]:
        lines.append(
            "  The run was trained in half precision and is exported in float32, which alone gives "
            f"{rounding['answers_that_differ']:,} other answers and differences of up to "
            f"{rounding['largest_difference']:.1e}."
        )
    return "\n".join([*lines, RESEARCH_USE])
