"""Write about finished runs for people: report.html, in one file, and MODEL_CARD.md.

    python scripts/report.py runs/RUN
    python scripts/report.py studies/2021

Several runs, or a study, are put side by side in one page.
The page needs no network and may be handed on: it names patients by pseudonyms, and no file. It
shows the mistakes of which the network was most confident; --no-cells leaves images out.
"""

import argparse
from pathlib import Path

from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.outputs import require_folder


@exit_on_errors()
def main() -> None:
    """Read the runs, write about them, print which files were written."""
    args = _parse()
    if args.out:
        require_folder(args.out)
    from all_tf.reports.html_report.write import write_about

    written = write_about(args.runs, args.out, records=args.records, cells=args.cells)
    print("\n".join(f"Written: {path}" for path in written))


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="its folder; or a study's"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: the run's folder, or the one of all runs"
    )
    parser.add_argument("--records", type=Path, metavar="DIR", help="default: the run's")
    parser.add_argument(
        "--no-cells", dest="cells", action="store_false", help="no image of a cell in the page"
    )
    return parser.parse_args()
