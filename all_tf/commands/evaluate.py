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
    from all_tf.runs.finished import require_finished
    from all_tf.runs.folder import PREDICTIONS_FILE, EvaluationSet
    from all_tf.system.tensorflow_import import load_tensorflow

    runs = [args.run] if args.run else args.ensemble
    asked = EvaluationSet(args.split, args.fold, args.records, args.trust_records, args.overwrite)
    require_finished(runs, calibration=args.calibration, asked=asked)
    load_tensorflow()
    from all_tf.reports.text import format_patients, format_report
    from all_tf.runs.prediction_files import read_predictions
    from tfrecords.class_names import class_names_of

    folder, report = _evaluate(args, asked)
    print(format_report(report))
    classes = class_names_of(report)
    predictions = read_predictions(folder / PREDICTIONS_FILE, classes=classes)
    if predictions.labelled:
        print(f"\n{format_patients(predictions, threshold=report['threshold'])}\n")
    print(f"Written: {folder}")


def _evaluate(args: argparse.Namespace, asked) -> tuple[Path, dict]:
    """The folder that the evaluation was saved in, and its report."""
    if args.run:
        from all_tf.evaluation.evaluate import evaluate_run

        return evaluate_run(args.run, asked, tta=args.tta, calibration=args.calibration)
    from all_tf.evaluation.ensemble import evaluate_ensemble, members_of

    members, calibration = members_of(args.ensemble), args.calibration
    return evaluate_ensemble(members, asked, out=args.out, tta=args.tta, calibration=calibration)


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
