"""Train the rows of the study one after another and put them beside what it reported.

    python scripts/run_study.py
    python scripts/run_study.py --rows base_cnn,densenet121 --study-dir studies/two
    python scripts/run_study.py --study-dir studies/night --every-row-for 30
    python scripts/run_study.py --study-dir studies/smoke --weights none --epochs 1 \\
        --image-size 64 --limit-train 64

Each row is trained in its own process, with the settings of all_tf/config/presets.py and those
given here; the last example only shows that everything runs. Before the first, it says how long
each takes on this machine's CPU. Writes a run for each row, and study.html, study.md, study.csv and
study.png, in the folder of the study. One failure does not stop the rest. Ctrl-C leaves it, and the
same command takes it up again: finished rows and finished epochs are kept. Started several times,
also on several machines that see the folder, it trains each row once.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from all_tf.config import choices
from all_tf.system.cli import add_trust_option, exit_on_errors, script_parser
from all_tf.system.courtesy import courtesy
from all_tf.system.locks import lock_of, waiting_lock
from all_tf.system.outputs import require_folder
from tfrecords.store.files import remove_partial_files
from tfrecords.store.manifest import read_manifest

if TYPE_CHECKING:
    from all_tf.config.experiment import Experiment
    from all_tf.launch.run_queue import Study

_FILES = ("study.html", "study.md", "study.csv", "study.png")


@exit_on_errors(lambda: "the same command goes on from here")
def main() -> None:
    """Train the rows that are not finished, print and write the tables."""
    args = vars(_parse())
    chosen, weights_dir = args.pop("rows"), args.pop("weights_dir")
    folder, records, trusted = (args.pop(key) for key in ("study_dir", "records", "trust_records"))
    given = {key: value for key, value in args.items() if value is not None}
    require_folder(folder)
    from all_tf.config.presets import STUDY
    from all_tf.launch.run_queue import Study
    from all_tf.launch.study_plan import choose_rows, is_done
    from all_tf.launch.study_time import describe_study_time

    rows = choose_rows(chosen or STUDY, given, weights_dir=weights_dir)
    from all_tf.reports.html_report.study_page import write_study_page
    from all_tf.reports.study import write_chart, write_tables

    study = Study(folder, records, trusted)
    read_manifest(records)  # Without records, that is the error, and not what comes first.
    left = {name: row for name, row in rows.items() if not is_done(folder / name, row, records)}
    if left:
        with courtesy("The estimate of time"):
            print(describe_study_time(left, records) + "\n", flush=True)
    failures, elsewhere = _train(rows, study)
    with _sole_writer(folder):
        print("\n" + write_tables(folder, records, failures))
        with courtesy("The study's chart"):
            write_chart(folder, records, failures)
        with courtesy("The study's page"):
            write_study_page(folder, records, failures)
    names = [name for name in _FILES if (folder / name).is_file()]
    print(f"Written: {folder}/{', '.join(names)}")
    if elsewhere:
        print(
            f"{len(elsewhere)} of {len(rows)} rows are left to the processes that train them: "
            f"{', '.join(elsewhere)}. The last one completes the tables, or this command, run again"
        )
    if failures:
        sys.exit(f"error: {len(failures)} of {len(rows)} rows failed: {', '.join(failures)}")


def _train(rows: "dict[str, Experiment]", study: "Study") -> tuple[dict[str, str], list[str]]:
    """Train the rows; why some have failed, and those that other processes train."""
    from all_tf.launch.run_queue import ELSEWHERE, run_rows
    from all_tf.reports.study import write_tables

    failures, elsewhere = {}, []
    for name, reason in run_rows(rows, study):
        if reason == ELSEWHERE:
            elsewhere.append(name)
        elif reason is not None:
            failures[name] = reason
        # It is written again after the next row.
        with courtesy("The study's table"), _sole_writer(study.folder):
            write_tables(study.folder, study.records, failures)
    return failures, elsewhere


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    """Read all runs and write the tables while no other process of the study does."""
    with waiting_lock(folder, name=lock_of("tables")):
        remove_partial_files(folder)
        yield


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add(
        "--rows",
        type=lambda text: text.split(","),
        metavar="A,B",
        help="of all_tf/config/presets.py; default: the thirteen of the study",
    )
    add("--records", type=Path, default=Path("data/records"), metavar="DIR")
    add("--study-dir", type=Path, default=Path("studies/2021"), metavar="DIR")
    add("--weights-dir", type=Path, metavar="DIR", help="ARCH.weights.h5, used where they are")
    add_trust_option(parser)
    given = parser.add_argument_group("for all rows, instead of the values in the table")
    add = given.add_argument
    add("--protocol", choices=choices.PROTOCOLS)
    add("--fold", type=int, metavar="K", help="held out to choose the epoch on")
    add("--seed", type=int, metavar="N")
    add("--weights", choices=("imagenet", "none"), help="none: nothing is downloaded")
    add("--image-size", type=int, metavar="PX")
    add("--batch-size", type=int, metavar="N")
    add("--epochs", type=int, metavar="N")
    minutes = "train each row for so long, and stop within an epoch if need be"
    add("--every-row-for", type=float, metavar="MINUTES", dest="max_minutes", help=minutes)
    add("--limit-train", type=int, metavar="N", help="images, sampled over classes and patients")
    add("--limit-validation", type=int, metavar="N")
    return parser.parse_args()
