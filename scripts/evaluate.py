"""Score a finished run on a split of its records, or of others.

    python scripts/evaluate.py runs/RUN --split test

Writes RUN/evaluation/SPLIT/; for the final phase, whose labels are unpublished, predictions and the
challenge's submission.zip.
"""

import argparse
import sys
from pathlib import Path

from all_tf import names


def main() -> None:
    """Score the run and print its report."""
    args = _parse()
    try:
        from all_tf.runtime import load_tensorflow

        load_tensorflow()
        from all_tf.prediction_files import read_predictions
        from all_tf.report_text import format_patients, format_report
        from all_tf.runs import PREDICTIONS_FILE, evaluation_folder
        from all_tf.scoring import evaluate_run

        report = evaluate_run(
            args.run,
            records=args.records,
            split=args.split,
            fold=args.fold,
            trusted=args.trust_records,
            tta=args.tta,
        )
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    folder = evaluation_folder(args.run, args.split, args.fold, tta=args.tta)
    print(format_report(report))
    predictions = read_predictions(folder / PREDICTIONS_FILE)
    if predictions.labelled:
        print(f"\n{format_patients(predictions, threshold=report['threshold'])}\n")
    print(f"Written: {folder}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--records", type=Path, help="default: those it was trained on")
    parser.add_argument("--split", choices=names.SPLITS, default="validation")
    parser.add_argument("--fold", type=int, metavar="K", help="one fold of the train split")
    parser.add_argument(
        "--tta", type=int, choices=names.TTA, default=1, help="average the 8 flips and turns"
    )
    parser.add_argument(
        "--trust-records", action="store_true", help="skip the SHA-256 of the shards"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
