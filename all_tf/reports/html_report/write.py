"""Writes report.html and MODEL_CARD.md, with or without images of cells."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from all_tf.config.presets import EXPERIMENTS
from all_tf.metrics.scored_set import worst_mistakes
from all_tf.reports.html_report.images import picture_cells, read_uri
from all_tf.reports.html_report.model_card import build_card
from all_tf.reports.html_report.page import build_comparison_page, build_page
from all_tf.reports.run_facts import RunFacts, read_facts
from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import out_of_fold_folder
from all_tf.runs.folder import (
    CONFIG_FILE,
    EXPLANATIONS_FOLDER,
    METRICS_FILE,
    RunError,
    is_cross_validation,
    refuse_links,
)
from all_tf.runs.records_digest import are_scored
from all_tf.system.plain_text import public_name
from tfrecords.store.files import write_text
from tfrecords.store.manifest import RecordsError

REPORT_FILE = "report.html"
CARD_FILE = "MODEL_CARD.md"
_MOST_CELLS = 8  # Of each class.


def write_about(
    paths: Sequence[Path],
    folder: Path | None = None,
    *,
    records: Path | None = None,
    cells: bool = True,
) -> list[Path]:
    """Write the report of one run, or one page about several runs.

    Args:
        paths: Folders of runs, or of studies, for all runs in them.
        folder: Where the files are written, over older ones. None for the folder of the run, or
            for the folder that holds all of the runs.
        records, cells: As `write_report` takes them. A page about several runs shows no cells.

    Returns:
        The files that were written.

    Raises:
        RunError: There is no run, it has not ended, or a file of it is damaged.
    """
    runs, unfinished = _find_runs(paths)
    if len(runs) == 1 and not unfinished:
        return write_report(runs[0], folder or runs[0], records=records, cells=cells)
    folder = folder or Path(os.path.commonpath([run.parent for run in runs]))
    text = build_comparison_page(
        [read_facts(run, records=records) for run in runs],
        title=f"{len(runs)} networks of {public_name(folder)}",
        unfinished=[run.name for run in unfinished],
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / REPORT_FILE, text)
    return [folder / REPORT_FILE]


def page_about(paths: Sequence[Path]) -> str:
    """The page of one run or about several, without images of cells; nothing is written.

    Args:
        paths: As `write_about` takes them.

    Raises:
        RunError: As `write_about`.
    """
    runs, unfinished = _find_runs(paths)
    if len(runs) == 1 and not unfinished:
        facts = read_facts(runs[0])
        mistakes = worst_mistakes(facts.evaluated, most=_MOST_CELLS)
        return build_page(
            facts, mistakes=mistakes, pictures="report.py draws them.", heat_maps=None
        )
    title = f"{len(runs)} networks"
    return build_comparison_page([read_facts(run) for run in runs], title=title)


def _find_runs(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The finished runs, and those of a study that have not ended."""
    finished: list[Path] = []
    unfinished: list[Path] = []
    for path in paths:
        inside = sorted(filter(_is_run, path.glob("*")), key=_place_in_study)
        if _is_run(path) or not inside:
            finished.append(path)
            continue
        for run in inside:
            (finished if _has_ended(run) else unfinished).append(run)
    if not finished:
        raise RunError(f"No run has ended yet in {', '.join(map(str, paths))}. Wait for one.")
    return finished, unfinished


def _is_run(folder: Path) -> bool:
    return (folder / CONFIG_FILE).is_file() or is_cross_validation(folder)


def _has_ended(run: Path) -> bool:
    scored = out_of_fold_folder(run) if is_cross_validation(run) else run
    return (scored / METRICS_FILE).is_file()


def _place_in_study(run: Path) -> tuple[int, str]:
    rows = list(EXPERIMENTS)
    return (rows.index(run.name) if run.name in rows else len(rows), run.name)


def write_report(
    run: Path, folder: Path, *, records: Path | None = None, cells: bool = True
) -> list[Path]:
    """Write the page and the model card of a finished run.

    Args:
        run: The run's folder.
        folder: Where the files are written, over older ones. Created if it is missing.
        records: A records directory; None for the one that the run was trained on.
        cells: Whether the page may show images of cells.

    Returns:
        The files that were written.

    Raises:
        RunError: There is no run, it has not ended, or a file of it is damaged.
    """
    refuse_links(run)
    facts = read_facts(run, records=records)
    mistakes = worst_mistakes(facts.evaluated, most=_MOST_CELLS)
    names = {mistake.name for kind in mistakes for mistake in kind.worst}
    pictures = _pictures(facts, names, records) if cells else "Left out by --no-cells."
    content = {
        REPORT_FILE: build_page(
            facts,
            mistakes=mistakes,
            pictures=pictures,
            heat_maps=_heat_maps(run) if cells else None,
        ),
        CARD_FILE: build_card(facts),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        write_text(folder / name, text)
    return [folder / name for name in content]


def _heat_maps(run: Path) -> str | None:
    path = run / EXPLANATIONS_FOLDER / "cells.png"
    found = read_uri(path)
    if found:
        unchanged(path)
    return found


def _pictures(facts: RunFacts, names: set[str], records: Path | None) -> Mapping[str, str] | str:
    """Images by the names of their cells, or a sentence that says why there are none."""
    records = records or Path(facts.config["records"])
    report, crop = facts.evaluated.report, facts.experiment.crop
    pictures: Mapping[str, str] = {}
    if are_scored(records, report, facts.config):
        with suppress(RecordsError):
            pictures = picture_cells(records, report["split"], names, crop=crop)
    if names - pictures.keys():
        return "The records that hold these cells were not found. Name them with --records DIR."
    return pictures
