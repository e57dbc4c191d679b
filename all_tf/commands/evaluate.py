"""Evaluate a finished run on a split of its records, or of others.

    python scripts/evaluate.py runs/RUN --split test
    python scripts/evaluate.py --ensemble runs/A runs/B --out runs/A-and-B

Writes RUN/evaluation/SPLIT/; for the final phase, whose labels are unpublished, predictions and the
challenge's submission.zip. Calibration and threshold are the run's own, fitted on the set that its
epoch was chosen on, or those that calibrate.py has kept under a name. Prints metrics with
intervals, and patients by pseudonym, the worst first. With --ensemble the runs are scored as one,
by the mean of their logits; a cross-validation stands for all of its folds.
"""

import argparse
from pathlib import Path

from all_tf.config import choices
from all_tf.system.cli import add_overwrite_option, add_set_options, exit_on_errors, script_parser
from all_tf.system.outputs import require_folder


@exit_on_errors()
def main() -> None:
    """Evaluate the run and print its report."""
    args = _parse()
    require_folder(args.run or args.out or args.ensemble[0].parent)
    from all_tf.api.trained import load

    options = vars(args)
    run, ensemble = options.pop("run"), options.pop("ensemble")
    report = load(run or ensemble).evaluate(**options)
    print(report)
    print(f"Written: {report.folder}")


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, nargs="?", help="the run's folder")
    parser.add_argument("--ensemble", type=Path, nargs="+", metavar="RUN", help="several, as one")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="of an ensemble; default: ensemble/SPLIT beside it"
    )
    add_set_options(parser, splits=choices.SPLITS_TO_EVALUATE, default="validation")
    add_overwrite_option(parser)
    parser.add_argument(
        "--tta", type=int, choices=choices.TTA, default=1, help="average the 8 flips and turns"
    )
    text = "one that calibrate.py fitted on other cells; default: the run's own"
    parser.add_argument("--calibration", metavar="NAME", help=text)
    args = parser.parse_args()
    if (args.run is None) == (args.ensemble is None):
        parser.error("expected one run, or --ensemble with several")
    if args.out and args.run:
        parser.error("--out is for --ensemble; a run's evaluation lies in the run")
    if args.calibration and args.ensemble and len(args.ensemble) > 1:
        parser.error("--calibration goes with one run, or --ensemble with one cross-validation")
    return args
