"""The check of a run's heat maps as text: a table of random networks and a verdict."""

from collections.abc import Mapping
from typing import Any

from all_tf.runs.folder import set_name
from all_tf.runs.records_label import records_label
from all_tf.system.tables import Column, markdown


def _hundredths(value: float) -> str:
    return f"{value:.2f}"


_COLUMNS = (
    Column("random weights in", "layers"),
    Column("rank correlation of maps", "rank_correlation", _hundredths),
    Column("lowest", "lowest", _hundredths),
    Column("highest of a network", "highest", _hundredths),
)


def format_explanations(result: Mapping[str, Any]) -> str:
    """Format the check and the verdict for a terminal.

    Args:
        result: The result of `all_tf.analysis.explain_run.explain_run`.
    """
    side = result["map_side"]
    return "\n".join(
        [
            f"{set_name(result['split'], result['fold'])} of {records_label(result)}: "
            f"{len(result['cells'])} of "
            f"{result['num_images']:,} images, epoch {result['best_epoch']}, maps of {side} x "
            f"{side} pixels" + "".join(f" [{stamp}]" for stamp in result["stamps"]),
            "",
            markdown(result["randomised"], _COLUMNS),
            "",
            result["verdict"],
        ]
    )
