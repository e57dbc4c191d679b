"""Whether a result lies where results on its records belong, and calls them as the run does."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from all_tf.runs.folder import (
    CONFIG_FILE,
    METRICS_FILE,
    other_records,
    other_records_folder,
    read_config,
)
from all_tf.runs.records_label import records_label

_IDENTITY = ("records_name", "negative_class", "positive_class")


def nearest(folder: Path, name: str) -> Path:
    """The folder that holds such a file for this one: itself, or the run that it lies in."""
    places = (folder, *list(folder.parents)[:3])  # RUN, RUN/evaluation/SET or /RECORDS/SET.
    return next((place for place in places if (place / name).is_file()), folder)


def misplaced(folder: Path, report: Mapping, *, file: str = METRICS_FILE) -> Iterator[str]:
    """What a result says of its records, and neither its folder nor its run says.

    Args:
        folder: A run, or a folder of results in it.
        report: A result there, with the header of a report.
        file: Its file, for the lines.

    Raises:
        RunError: The run's config.json is damaged.
    """
    run = nearest(folder, CONFIG_FILE)
    if not (run / CONFIG_FILE).is_file():  # Of several runs together.
        return
    facts = read_config(run)[1]
    others = other_records(report, facts)
    inner = folder.relative_to(run).parts
    found = inner[-2] if len(inner) == 3 else ""
    # Earlier versions called the folder by the digest alone.
    names = {other_records_folder(str(report.get("records_name", "")), others)}
    names.add(other_records_folder("", others))
    if (found not in names) if others else found:
        yield (
            f"records_sha256: {file} is of {records_label(report)}, its folder is for "
            f"{found or 'the records of the run'}"
        )
    if not others:
        yield from _differing_names(facts, report, file)


def _differing_names(facts: Mapping, report: Mapping, file: str) -> Iterator[str]:
    for key in _IDENTITY:
        if key in facts and report.get(key) != facts[key]:
            held = report.get(key)
            yield f"{key}: {file} has {held!r}, the records of the run have {facts[key]!r}"
