"""Score images of new cells with a finished run, with all folds, or with several runs together.

    python scripts/predict.py runs/RUN cell.png folder-of-cells --picture answers.png --heat
    python scripts/predict.py runs/folds cells --patients folder --format json

Takes BMP, PNG, TIFF and JPEG files of one cell each, cut out on black at the scale of C-NMC, and
folders of them. Writes a table with probability, threshold, answer and reason to a file, and prints
it; a terminal gets its first rows and the columns that people look for. The answer is positive,
negative, or none: where the image is not one cell on black, where its size, colour, focus or scale
is outside the range of the training cells, where its features are far from every training cell, or
where networks disagree; docs/refusals.md says how often. A warning names a single number of an
image that is unusual; about one in twenty has one. Files that cannot be read are listed and
skipped, and the exit code is then 1. For research use only: no basis for the care of any patient.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from all_tf.config import choices
from all_tf.system.checks import ConfigError
from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.outputs import claimed_file, require_file
from tfrecords.names import legible

_ROWS_ON_SCREEN = 25
_PROBLEMS_ON_SCREEN = 5


class _Places(NamedTuple):
    """The files of the results, which exist and are empty."""

    table: Path
    patients: Path | None  # JSON holds both.
    picture: Path | None


@exit_on_errors()
def main() -> None:
    """Score the images; print the table to stdout and to a file, and a summary to stderr."""
    args = _parse()
    from all_tf.data.patient_column import patient_lookup, unmatched

    patient_of = None if args.patients is None else patient_lookup(args.patients)
    with _claimed(args) as places:
        from all_tf.api.trained import load

        table = load([args.run, *(args.ensemble or ())]).predict(
            args.paths, patients=patient_of, tta=args.tta, calibration=args.calibration
        )
        if table:
            _give(table.answer, places, args)
            for note in [] if patient_of is None else unmatched(patient_of, table.column("path")):
                print(legible(note), file=sys.stderr)
    if table.problems:
        sys.exit("error: " + legible(_skipped(table.problems), keep="\n"))


@contextmanager
def _claimed(args: argparse.Namespace) -> Iterator[_Places]:
    """The files of the results, claimed before the work and removed if they stay empty."""
    default = Path(f"predictions-{datetime.now():%Y%m%d-%H%M%S}.{args.format}")
    if args.picture:
        require_file(args.picture, ending=(".png",))
        _refuse_within(args.picture, args.paths)
    with ExitStack() as files:
        claim = files.enter_context
        table = claim(claimed_file(args.out or default, or_next=args.out is None))
        patients = None
        if args.patients and args.format == "csv":
            beside = table.with_name(f"{table.stem}-patients.csv")
            patients = claim(claimed_file(beside, or_next=args.out is None))
        picture = claim(claimed_file(args.picture)) if args.picture else None
        yield _Places(table, patients, picture)


def _refuse_within(picture: Path, paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir() and picture.resolve().is_relative_to(path.resolve()):
            raise ConfigError(
                f"All images in {path} are scored, and the picture would be one of them. Name a "
                f"place outside of it. Received: --picture {picture}"
            )


def _give(answer, places: _Places, args: argparse.Namespace) -> None:
    """Write the rows to the file, and print them, which the file may not hold if a disk is full."""
    from all_tf.metrics.patient_answers import SUMMARY_COLUMNS
    from all_tf.system.tables import csv_text
    from tfrecords.store.files import write_text

    text = _json_text(answer) if args.format == "json" else csv_text(answer.rows)
    printed = text
    try:
        write_text(places.table, text)
        if sys.stdout.isatty():
            printed = _first_rows(answer.rows)
    finally:
        print(legible(printed, keep="\n"), end="", flush=True)
    if places.patients:
        write_text(places.patients, csv_text(answer.patients, columns=SUMMARY_COLUMNS))
    if places.picture:
        from all_tf.analysis.answer_picture import draw_answers

        number = draw_answers(
            places.picture, answer.answered, answer.cells, answer.scorers, heat=args.heat
        )
        print(f"Pictured: the first {number} of {len(answer.rows)} images", file=sys.stderr)
    _summarise(answer, [str(path) for path in places if path])


def _first_rows(rows: list[dict]) -> str:
    """What a person looks for in the first images, as a table."""
    from all_tf.system.plain_text import file_name
    from all_tf.system.tables import Column, markdown

    shown = [
        row
        | {"image": file_name(row["path"]), "words": _first_of(row["reason"] or row["warnings"])}
        for row in rows[:_ROWS_ON_SCREEN]
    ]
    columns = [
        Column("image", "image"),
        Column("answer", "answer"),
        Column("probability", "probability", "{:.3f}".format),
        Column("reason or warnings", "words"),
    ]
    more = len(rows) - len(shown)
    return f"{markdown(shown, columns)}\n" + f"and {more:,} more in the file\n" * (more > 0)


def _first_of(reasons: str) -> str:
    first, *others = reasons.split("; ")
    return f"{first}; and {len(others)} more" if others else first


def _skipped(problems: list[str]) -> str:
    """The first files that were not scored, each with its reason, and how many more there are."""
    lines = problems[:_PROBLEMS_ON_SCREEN]
    if more := len(problems) - len(lines):
        lines = [*lines, f"and {more:,} more; --format json has them all"]
    return "\n  ".join([f"{len(problems):,} not scored:", *lines])


def _json_text(answer) -> str:
    content = {
        "images": answer.rows,
        "patients": answer.patients,
        "not_scored": answer.problems,
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _summarise(answer, written: list[str]) -> None:
    count = dict.fromkeys(("positive", "negative", "none"), 0)
    for row in answer.rows:
        count[row["answer"]] += 1
    answers = ", ".join(f"{kind} {number}" for kind, number in count.items())
    warned = sum(bool(row["warnings"]) for row in answer.rows)
    print(
        f"Research use only. Images scored: {len(answer.rows)}; answers: {answers}; unlike the "
        f"training set in some way: {warned}.\nWritten: {', '.join(written)}",
        file=sys.stderr,
    )
    for name in answer.incomplete:
        print(
            f"{name} has no known_cells.json, since an earlier version trained it: scale, focus "
            "and features were not compared with its training cells. Train again.",
            file=sys.stderr,
        )


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("run", type=Path, help="the folder of a run, or of a cross-validation: all folds as one")
    add("paths", type=Path, nargs="+", metavar="PATH", help="an image, or a folder")
    add("--ensemble", type=Path, nargs="+", metavar="RUN", help="more runs, which answer with RUN")
    add("--out", type=Path, metavar="FILE", help="default: predictions-YYYYmmdd-HHMMSS.csv; new")
    add("--format", choices=choices.ANSWER_FORMATS, default="csv", help="default: csv")
    whose = 'the patient of each image: "folder" for its folder\'s name, or a CSV (path, patient)'
    add("--patients", metavar="WHOSE", help=whose)
    add("--picture", type=Path, metavar="FILE.png", help="the images with their answers; new")
    add("--heat", action="store_true", help="in the picture: Grad-CAM for both classes")
    add("--tta", type=int, choices=choices.TTA, default=1, help="average the 8 flips and turns")
    text = "one that calibrate.py fitted on other cells; default: the run's own"
    add("--calibration", metavar="NAME", help=text)
    args = parser.parse_args()
    if args.heat and not args.picture:
        parser.error("--heat is drawn in a picture: name one with --picture FILE.png")
    return args
