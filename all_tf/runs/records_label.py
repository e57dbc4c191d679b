"""How a result says which records it was measured on: their name with their digest."""

from collections.abc import Mapping

from tfrecords.records_name import CNMC_NAME

UNNAMED = "unnamed records"  # Of a report of an earlier version.


def records_label(report: Mapping) -> str:
    """The records of a report, a config.json or an analysis: "C-NMC 2019 (1a2b3c4d5e6f)".

    Args:
        report: With `records_name` and `records_sha256`, or, of a config.json, `manifest_sha256`.
    """
    digest = str(report.get("records_sha256") or report.get("manifest_sha256") or "")
    name = str(report.get("records_name") or UNNAMED)
    return f"{name} ({digest[:12]})" if digest else name


def is_cnmc(report: Mapping) -> bool:
    """Whether a report, or a config.json, is of C-NMC 2019: only it has a preliminary phase.

    Earlier versions named no records and trained on no others than C-NMC's.
    """
    return report.get("records_name", CNMC_NAME) in (CNMC_NAME, "")
