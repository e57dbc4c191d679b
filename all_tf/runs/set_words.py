"""What a set is called where people read: selection, preliminary phase, held out."""

from collections.abc import Mapping

from all_tf.runs.folder import set_name
from all_tf.runs.records_label import is_cnmc

PRELIMINARY_PHASE = "preliminary phase"  # Only C-NMC 2019 has one.
HELD_OUT = "held out"


def set_in_words(report: Mapping) -> str:
    """The set of a report: "selection (train fold 0)", "preliminary phase", "held out".

    The set that the epoch was chosen on is the selection, whatever split it is of.

    Args:
        report: As a metrics.json holds it.
    """
    name = set_name(report["split"], report["fold"])
    plain = scored_once(report) if name == "validation" else name
    return f"selection ({plain})" if name == report.get("selected_on") else plain


def scored_once(report: Mapping) -> str:
    """What the split validation of the records of a report, or of a config.json, is called."""
    return PRELIMINARY_PHASE if is_cnmc(report) else HELD_OUT
