"""Fit temperature, bias and threshold of a finished run to labelled cells of your own.

    python scripts/calibrate.py runs/RUN --records data/own --split train
    python scripts/evaluate.py runs/RUN --records data/own --calibration own
    python scripts/predict.py runs/RUN cells --calibration own

The network stays as it is, and so does its own calibration: the new one is kept under a name, in
RUN/calibrations/NAME. Prints kappa, F1, expected calibration error and log loss before and after;
those after are of patients that were held apart: each part of them is scored by a calibration that
was fitted on the others. What a calibration was fitted on is refused where it scores. A
cross-validation stands for all of its folds.
"""

import argparse
from pathlib import Path

from all_tf.config import choices
from all_tf.system.checks import between
from all_tf.system.cli import add_trust_option, exit_on_errors, script_parser
from all_tf.system.outputs import require_folder
from all_tf.system.script_command import runnable, script_command


@exit_on_errors()
def main() -> None:
    """Fit, save and print a calibration."""
    args = _parse()
    require_folder(args.run)
    from all_tf.runs.finished import require_finished
    from all_tf.runs.folder import EvaluationSet
    from all_tf.system.tensorflow_import import load_tensorflow

    asked = EvaluationSet(args.split, args.fold, args.records, args.trust_records)
    require_finished([args.run], asked=asked)
    load_tensorflow()
    from all_tf.evaluation.calibrate_run import calibrate_run
    from all_tf.reports.calibration_text import format_fit
    from all_tf.runs.folder import is_cross_validation

    least = args.min_sensitivity
    folder, calibration, fit = calibrate_run(args.run, asked, name=args.name, min_sensitivity=least)
    print(format_fit(calibration, fit))
    print(f"\nWritten: {folder}")
    run = ["--ensemble", args.run] if is_cross_validation(args.run) else [args.run]
    name = ["--calibration", folder.name]
    command = script_command("evaluate.py", *run, "--records", "DIR", *name)
    print(f"Score other patients: {runnable(command)}")


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("run", type=Path, help="the folder of a run, or of a cross-validation")
    add(
        "--records", type=Path, required=True, metavar="DIR", help="with labelled cells of your own"
    )
    add("--split", choices=choices.SPLITS_TO_EVALUATE, help="default: train, or else validation")
    add("--fold", type=int, metavar="K", help="one fold of the train split")
    add("--name", help="of the calibration; default: that of the folder of the records")
    text = "the highest threshold with this sensitivity; default: the run's rule"
    add("--min-sensitivity", type=float, metavar="X", help=text)
    add_trust_option(parser)
    args = parser.parse_args()
    if args.min_sensitivity is not None:
        between("min_sensitivity", args.min_sensitivity, 0, 1)
    return args
