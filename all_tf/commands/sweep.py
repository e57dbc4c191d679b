"""Search for settings of train.py by many trainings on folds of train, by Optuna.

    python scripts/sweep.py --space docs/spaces/scratch.json --trials 24 --study-dir studies/sweep
    CUDA_VISIBLE_DEVICES=1 python scripts/sweep.py --space docs/spaces/scratch.json --trials 24 \\
        --study-dir studies/sweep

Each trial trains a network for each fold, in processes of their own, and never opens a held-out
set. Its score is the mean over the folds; it is ended early where its kappa falls behind half of
the others. Started several times, also on several machines that see the folder, the workers share
the trials; what a killed one has begun, another one goes on with, and so does the same command.
Writes sweep.html and sweep.csv beside the trials. Needs the extra `sweep`. docs/scaling.md has
clusters.
"""

import argparse
import sys
from pathlib import Path

from all_tf.launch.options import RECORDS
from all_tf.runs.sweep_file import METRIC_NAMES
from all_tf.system.arguments import whole_number
from all_tf.system.cli import add_trust_option, exit_on_errors, script_parser
from all_tf.system.courtesy import courtesy
from all_tf.system.extras import require_modules
from all_tf.system.locks import lock_of, waiting_lock
from all_tf.system.outputs import require_folder
from all_tf.system.script_command import runnable


@exit_on_errors(lambda: "the same command goes on from here")
def main() -> None:
    """Run trials until all are begun, and say which is the best."""
    args = _parse()
    from all_tf.launch.sweep_space import read_space

    space, content = read_space(args.space)
    require_folder(args.study_dir)
    require_modules(("optuna",), extra="sweep", what="A sweep")
    from all_tf.launch.run_sweep import Sweep, open_sweep, run_trials
    from all_tf.launch.sweep_storage import storage_errors

    sweep = Sweep(
        folder=args.study_dir,
        records=args.records,
        space=space,
        content=content,
        num_trials=args.trials,
        metric=args.metric,
        storage=args.storage,
        trusted=args.trust_records,
    )
    with storage_errors():
        study = open_sweep(sweep)
        for _ in run_trials(sweep, study):
            with courtesy("The sweep's page"):
                _write(sweep, study)
        facts, written = _write(sweep, study)
    from all_tf.reports.html_report.sweep_page import sweep_verdict

    print(f"\n{sweep_verdict(facts)}\nWritten: {', '.join(map(str, written))}")
    if facts.best is None:
        sys.exit("error: no trial was completed")
    print(f"Train the best one on all folds: {runnable(facts.refit)}")


def _write(sweep, study):
    """Write page and table, while no other worker does; return what they are of, and the files."""
    from all_tf.launch.run_sweep import rows_of
    from all_tf.reports.html_report.sweep_page import SweepFacts, write_sweep
    from tfrecords.store.files import remove_partial_files
    from tfrecords.store.identity import read_identity

    with waiting_lock(sweep.folder, name=lock_of("tables")):
        remove_partial_files(sweep.folder)
        facts = SweepFacts(
            folder=sweep.folder,
            metric=sweep.metric,
            records=read_identity(sweep.records).name,
            rows=rows_of(sweep, study),
            varied={name: getattr(held, "log", False) for name, held in sweep.space.varied.items()},
            begins_with_row=sweep.space.start().keys() == sweep.space.varied.keys(),
        )
        return facts, write_sweep(facts)


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    what = "JSON: options of train.py to values, lists and ranges"
    add("--space", type=Path, required=True, metavar="FILE", help=what)
    most = "trials of all workers together"
    add("--trials", type=whole_number(1), required=True, metavar="N", help=most)
    add("--study-dir", type=Path, required=True, metavar="DIR", help="of the sweep; all share it")
    add("--records", type=Path, default=RECORDS, metavar="DIR", help=f"default: {RECORDS}")
    best = "whose mean over the folds is to be highest; default: kappa"
    add("--metric", choices=METRIC_NAMES, default=METRIC_NAMES[0], help=best)
    place = (
        "of a database for the trials, as postgresql+psycopg2://HOST/NAME; default: a file in DIR"
    )
    add("--storage", metavar="URL", help=place)
    add_trust_option(parser)
    return parser.parse_args()
