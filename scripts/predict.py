"""Score images of new cells with a finished run.

    python scripts/predict.py runs/RUN cell.png folder-of-cells

Takes BMP, PNG, TIFF and JPEG files of one cell each, cut out on black at the scale of C-NMC, and
folders of them. Prints a CSV with score, calibrated score, decision, threshold and warnings, and
writes it to a file. A warning names an image that is unlike the training set in size, colour,
background or focus; about one in twenty of the images like it has one too. Files that cannot be
read are listed and skipped, and the exit code is then 1. For research use only: no basis for the
care of any patient.
"""

import argparse
import sys
from datetime import datetime
from pathlib import Path

from all_tf.config import choices
from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.outputs import claimed_file
from tfrecords.names import legible


@exit_on_errors()
def main() -> None:
    """Score the images; print the CSV to stdout and to a file, and a summary to stderr."""
    args = _parse()
    default = Path(f"predictions-{datetime.now():%Y%m%d-%H%M%S}.csv")
    with claimed_file(args.out or default, or_next=args.out is None) as out:
        from all_tf.system.tensorflow_import import load_tensorflow

        load_tensorflow()
        from all_tf.evaluation.predict_images import predict_new

        answer = predict_new(args.run, args.paths, tta=args.tta, calibration=args.calibration)
        if answer.rows:
            _give(answer.rows, out)
    if answer.problems:
        skipped = "\n  ".join(answer.problems)
        lines = legible(f"{len(answer.problems)} not scored:\n  {skipped}", keep="\n")
        sys.exit(f"error: {lines}")


def _give(rows: list[dict[str, object]], out: Path) -> None:
    """Write the rows to the file, and print them, which the file may not hold if a disk is full."""
    from all_tf.system.tables import csv_text
    from tfrecords.store.files import write_text

    text = csv_text(rows)
    try:
        write_text(out, text)
    finally:
        print(legible(text, keep="\n"), end="", flush=True)
    warned = sum(bool(row["warnings"]) for row in rows)
    print(
        f"Research use only. Images scored: {len(rows)}; unlike the training set in "
        f"some way: {warned}.\nWritten: {out}",
        file=sys.stderr,
    )


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="an image, or a folder")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: predictions-YYYYmmdd-HHMMSS.csv; new"
    )
    parser.add_argument(
        "--tta", type=int, choices=choices.TTA, default=1, help="average the 8 flips and turns"
    )
    text = "one that calibrate.py fitted on other cells; default: the run's own"
    parser.add_argument("--calibration", metavar="NAME", help=text)
    return parser.parse_args()


if __name__ == "__main__":
    main()
