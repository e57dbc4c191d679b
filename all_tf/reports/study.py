"""The results of a study: study.md, study.csv and study.png, beside what it reported in 2021."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from all_tf.config.presets import EXPERIMENTS, STUDY, departures
from all_tf.config.published_results import COMPARATORS, REPORTED
from all_tf.metrics.formatting import not_estimable
from all_tf.plots.study_chart import draw_study
from all_tf.reports.comparison import best_runs, pairs_told_apart, runs_near_best
from all_tf.reports.comparison_text import shown, warn_of_different_images
from all_tf.reports.run_facts import COMPARED_METRICS, COST, RunFacts, ends, read_facts
from all_tf.runs.folder import is_finished
from all_tf.runs.history_file import ended_by_time, epochs_trained
from all_tf.runs.records_label import is_cnmc
from all_tf.system.plain_text import file_name, inert_markdown, without_folders
from all_tf.system.tables import Column, decimal, markdown, per_cent, whole, write_csv
from tfrecords.counted import counted
from tfrecords.store.files import write_text

_COLUMNS = (
    Column("row", "row"),
    Column("accuracy", "accuracy"),
    Column("reported", "reported_accuracy", per_cent),
    Column("F1", "f1"),
    Column("reported", "reported_f1", per_cent),
    Column("kappa", "kappa"),
    Column("reported", "reported_kappa", per_cent),
    Column("intervals", "intervals"),
    Column("parameters", "num_parameters", whole),
    Column("images/s", "images_per_second", decimal),
    Column("epoch", "best_epoch", whole),
    Column("trained", "trained", "{:g}".format),
    Column("note", "note"),
)
_COMPARATOR_COLUMNS = (
    Column("work", "work"),
    Column("tested on", "tested_on"),
    Column("F1", "f1", decimal),
    Column("AUROC", "auc", decimal),
    Column("caveat", "caveat"),
)
_KEYS = (  # Of a row; all None for a run that has failed.
    "protocol",
    "records",
    "set",
    "num_images",
    "num_patients",
    "selected_on",
    "best_epoch",
    "stamps",
    "num_groups_all",
    "num_groups_hem",
    "negative_class",
    "positive_class",
    *(key for metric in COMPARED_METRICS for key in ends(metric)),
    *COST,
    "trained",
    "max_minutes",
)
_REPORTED = tuple(f"reported_{key}" for key in ("accuracy", "f1", "kappa"))
_ON_REPORTED = '"Reported": by the study, which does not say on which images it was measured.'
_OTHER_IMAGES = (
    "These images are not those of C-NMC 2019, so what the study of 2021 and others reported does "
    "not stand beside these metrics."
)
_MOST_PAIRS = 12  # Of networks in a sentence.
_CHOSEN = ("protocol", "fold", "seed")  # Options of the command that the study leaves open.


def write_tables(folder: Path, records: Path, failures: Mapping[str, str]) -> str:
    """Write study.md and study.csv: the finished rows of a study, and those that have failed.

    Args:
        folder: Holds a run for each row. The results are written beside them, over older ones.
        records: The records that the rows were trained on.
        failures: By the name of a row, why it has failed.

    Returns:
        The content of study.md, which can be read as plain text. study.csv has the same rows, with
        shares instead of per cent, and our metrics exactly as in metrics.json.

    Raises:
        RunError: A finished run is damaged.
    """
    runs = finished_runs(folder, records, failures)
    names = [name for name in EXPERIMENTS if name in runs or name in failures]
    comparable = _comparable(runs)
    rows = [_row(name, runs.get(name), failures.get(name), comparable=comparable) for name in names]
    columns = [each for each in _COLUMNS if comparable or each.key not in _REPORTED]
    table = markdown([shown(row) if row["row"] in runs else row for row in rows], columns)
    parts = [f"# {study_title(runs)}", *preface(runs)]
    if warning := warn_of_different_images(list(runs.values())):
        parts += [warning]
    if runs:
        parts += sentences(list(runs.values()))
        parts += ["![The metrics of each network as bars](study.png)"]
    parts += [table]
    if comparable:
        parts += ["What others published, in per cent, F1 weighted by class frequency:"]
        parts += [markdown([other._asdict() for other in COMPARATORS], _COMPARATOR_COLUMNS)]
    text = "\n\n".join(parts) + "\n"
    write_csv(folder / "study.csv", rows)
    write_text(folder / "study.md", text)
    return text


def write_chart(folder: Path, records: Path, failures: Mapping[str, str]) -> None:
    """Write study.png, the finished rows as bars; nothing if no row is finished.

    Args:
        folder, records, failures: As `write_tables` takes them.
    """
    runs = finished_runs(folder, records, failures)
    if runs:
        comparable = _comparable(runs)
        rows = [_row(name, run, None, comparable=comparable) for name, run in runs.items()]
        comparators = COMPARATORS if comparable else ()
        draw_study(folder / "study.png", rows, title=_title(runs), comparators=comparators)


def _comparable(runs: Mapping[str, RunFacts]) -> bool:
    """Whether all runs were evaluated on images of C-NMC 2019, as the study and others were."""
    return all(is_cnmc(run.evaluated.report) for run in runs.values())


def study_title(runs: Mapping[str, RunFacts]) -> str:
    """The title of a study's pages, by whether its images are those of C-NMC 2019."""
    return "The study of 2021, run again" if _comparable(runs) else "The study's networks, compared"


def sentences(runs: Sequence[RunFacts]) -> list[str]:
    """Which network is best by F1 and by kappa, and which pairs these patients tell apart."""
    return [_best(runs, key, title) for key, title in (("f1", "F1"), ("kappa", "kappa"))]


def finished_runs(folder: Path, records: Path, failures: Mapping[str, str]) -> dict[str, RunFacts]:
    """The finished rows of a study, by name, in the order of `EXPERIMENTS`."""
    return {
        name: read_facts(folder / name, name=name)
        for name in EXPERIMENTS
        if name not in failures and is_finished(folder / name, records)
    }


def _row(
    name: str, run: RunFacts | None, reason: str | None, *, comparable: bool
) -> dict[str, object]:
    row = run.row() | _length(run) if run else {}
    reported = REPORTED[name]._asdict() if comparable and name in REPORTED else {}
    shares = {key: round(value / 100, 4) for key, value in reported.items() if value is not None}
    return {
        "row": name,
        "status": "finished" if run else "failed",
        **{key: row.get(key) for key in _KEYS},
        **{f"reported_{key}": shares.get(key) for key in ("accuracy", "f1", "kappa")},
        "note": _note(run) if run else f"failed: {without_folders(str(reason))}",
    }


def _length(run: RunFacts) -> dict[str, object]:
    """How many epochs were trained, and the minutes that they were bounded by."""
    trained = epochs_trained(run.history) if run.history else None
    return {"trained": trained, "max_minutes": run.experiment.max_minutes}


def _note(run: RunFacts) -> str | None:
    """The caveats of a row, the end by time among them."""
    notes = list(run.evaluated.report["stamps"])
    if ended_by_time(run.history, run.experiment):
        trained, planned = epochs_trained(run.history), run.experiment.epochs
        notes.append(f"ended by time after {trained:g} of {planned} epochs")
    return "; ".join(notes) or None


def preface(runs: Mapping[str, RunFacts]) -> list[str]:
    """What a reader has to know before the table; that images differ, each page says itself."""
    sets = _group((_describe_set(run), name) for name, run in runs.items())
    departing = _group(
        (f"{key} {file_name(str(value)) if key == 'weights' else value}", name)
        for name, run in runs.items()
        for key, value in departures(name, run.experiment).items()
        if key not in _CHOSEN
    )
    others = ", ".join(name for name in runs if name not in STUDY)
    whose = " of the study" if others else ""
    settings = f"All rows{whose} were trained with the settings of the study's table."
    if departing:
        listed = "; ".join(_join(departing, total=len(runs)))
        settings = f"NOT THE STUDY'S SETTINGS, so this does not repeat it: {listed}."
    return [
        "Metrics in per cent; F1 is weighted by class frequency.",
        _ON_REPORTED if _comparable(runs) else _OTHER_IMAGES,
        *_join(sets, total=len(runs)),
        *([settings] if runs.keys() & STUDY.keys() or departing else []),
        *([f"Rows that are not of the study: {others}."] if others else []),
    ]


def _describe_set(run: RunFacts) -> str:
    row, count = run.row(), run.evaluated.count
    fold = f" (fold {run.experiment.fold} held out)" if row["protocol"] == "honest" else ""
    return (
        f"Protocol {row['protocol']}{fold}, seed {run.experiment.seed}: evaluated on {row['set']} "
        f"of {inert_markdown(str(row['records']))}, "
        f"{counted(count.cells, 'image')} of {counted(count.patients, 'patient')}, epoch chosen on "
        f"{inert_markdown(str(row['selected_on']))}"
        + "".join(f" [{inert_markdown(stamp)}]" for stamp in run.evaluated.report["stamps"])
    )


def _group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names that have each text, in the order in which the texts occur."""
    groups: dict[str, list[str]] = {}
    for text, name in pairs:
        groups.setdefault(text, []).append(name)
    return groups


def _join(groups: Mapping[str, list[str]], *, total: int) -> list[str]:
    """Each text with its names, which are left out if they are all."""
    return [
        text if len(names) == total else f"{text} ({', '.join(names)})"
        for text, names in groups.items()
    ]


def _best(runs: Sequence[RunFacts], key: str, title: str) -> str:
    """The best row by a metric, and the rows that are not significantly worse."""
    best, near = best_runs(runs, key), runs_near_best(runs, key)
    value = per_cent(best[0].evaluated.report[key])
    line = f"Best by {title}: {_names(best)} ({value})."
    if near and (reason := not_estimable(best[0].evaluated.report)):
        line += f" Whether the others are worse cannot be said: {reason}."
    elif near:
        line += f" Not significantly worse: {_names(near)}."
    return line + _told_apart(runs, key) if len(runs) > 1 else line


def _told_apart(runs: Sequence[RunFacts], key: str) -> str:
    """Which networks these patients tell apart by a metric, in a sentence."""
    total = len(runs) * (len(runs) - 1) // 2
    pairs = pairs_told_apart(runs, key)
    if not pairs:
        return " These patients tell no two of the networks apart."
    listed = "; ".join(f"{better.name} above {worse.name}" for better, worse in pairs[:_MOST_PAIRS])
    more = f" and {len(pairs) - _MOST_PAIRS} more" if len(pairs) > _MOST_PAIRS else ""
    return f" These patients tell {len(pairs)} of {total} pairs apart: {listed}{more}."


def _names(runs: Sequence[RunFacts]) -> str:
    return ", ".join(run.name for run in runs)


def _title(runs: Mapping[str, RunFacts]) -> str:
    """The title of the chart: what was evaluated on what, and whether settings differ."""
    sets = _group((_describe_set(run), name) for name, run in runs.items())
    departing = any(
        departures(name, run.experiment).keys() - set(_CHOSEN) for name, run in runs.items()
    )
    others = ", ".join(name for name in runs if name not in STUDY)
    lines = _join(sets, total=len(runs)) + ["Not the study's settings."] * departing
    lines += [f"Not of the study: {others}."] if others else []
    return "\n".join(lines)
