"""study.html: which networks the patients tell apart, in sentences, charts and a table."""

from collections.abc import Mapping
from pathlib import Path

from all_tf.reports import study
from all_tf.reports.html_report import comparison
from all_tf.reports.html_report.page import render
from all_tf.reports.html_report.sections import COMPARISON_PARTS
from all_tf.system.plain_text import without_folders
from tfrecords.store.files import write_text

STUDY_PAGE = "study.html"


def write_study_page(folder: Path, records: Path, failures: Mapping[str, str]) -> None:
    """Write study.html, a single file that loads nothing; nothing if no row is finished.

    Args:
        folder, records, failures: As `all_tf.reports.study.write_tables` takes them.

    Raises:
        RunError: A finished run is damaged.
    """
    runs = study.finished_runs(folder, records, failures)
    if not runs:
        return
    found = list(runs.values())
    text = render(
        "study.html",
        runs=found,
        pairs=comparison.pair_rows(found),
        title=study.study_title(runs),
        sentences=study.sentences(found),
        preface=study.preface(runs),
        failures={name: without_folders(reason) for name, reason in failures.items()},
        missing={},
        comparison=comparison,
        parts=COMPARISON_PARTS,
    )
    write_text(folder / STUDY_PAGE, text)
