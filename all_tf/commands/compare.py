"""Put finished runs side by side.

    python scripts/compare.py runs/RUN studies/2021/densenet169 --out comparison.md
    python scripts/compare.py runs/A runs/B --on "Kyiv 2026"

The table has each run's metrics on the split validation, or, where the run was not evaluated there
once, on the set that its epoch was chosen on; a cross-validation has its out-of-fold predictions. A
warning says where images differ. Two runs are compared patient by patient: differences, intervals,
p-values, and whether they differ significantly; where their images differ that is refused, with
exit code 1.
"""

import argparse
from pathlib import Path

from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.outputs import require_file


@exit_on_errors()
def main() -> None:
    """Read the runs, print the table, write it to the file that --out names."""
    args = _parse()
    if args.out:
        require_file(args.out, ending=(".md", ".csv"))
    from all_tf.reports.comparison import on_records
    from all_tf.reports.comparison_text import compare_pair, comparison_table
    from all_tf.reports.run_facts import read_facts
    from all_tf.system.tables import write_csv
    from tfrecords.store.files import write_text

    runs = [read_facts(run, name=str(run)) for run in args.runs]
    if args.on:
        runs = [on_records(run, args.on) for run in runs]
    text = comparison_table(runs)
    print(text)
    if len(runs) == 2:
        paired = compare_pair(*runs)
        print(f"\n{paired}")
        text += f"\n\n{paired}"
    if args.out and args.out.suffix == ".md":
        write_text(args.out, text + "\n")
    elif args.out:
        write_csv(args.out, [run.row() for run in runs])
    if args.out:
        print(f"Written: {args.out}")


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run's folder")
    on = "compare the results on records of this name; default: those of the training"
    parser.add_argument("--on", metavar="NAME", help=on)
    parser.add_argument("--out", type=Path, metavar="FILE", help="*.md or *.csv; written over")
    return parser.parse_args()
