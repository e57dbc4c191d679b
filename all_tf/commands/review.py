"""Rank likely label errors and hard cells for a person to look at.

    python scripts/train.py --experiment scratch --fold all --run-dir runs/folds
    python scripts/review.py runs/folds

Prints how far the ranking can be trusted (AUROC, threshold). Writes RUN/review/review.csv, a row
for every cell, grouped by patient, and cells.png, the most doubtful ones. Nothing is dropped, moved
or relabelled. The picture shows cells of patients, by pseudonym; the table has their ids.
"""

import argparse
from pathlib import Path

from all_tf.system.arguments import whole_number
from all_tf.system.cli import add_records_options, exit_on_errors, script_parser
from all_tf.system.outputs import require_folder

_SHOWN = 12  # Patients.
_MOST_CELLS = 400  # Of one picture.


@exit_on_errors()
def main() -> None:
    """Write the review and print which patients it is about."""
    args = _parse()
    require_folder(args.run)
    from all_tf.runs.cross_validation import read_cross_validation
    from all_tf.runs.finished import require_finished
    from all_tf.runs.folder import EvaluationSet, is_cross_validation
    from all_tf.system.tensorflow_import import load_tensorflow

    if is_cross_validation(args.run):
        read_cross_validation(args.run, records=args.records)
    else:
        require_finished([args.run], asked=EvaluationSet(records=args.records))
    load_tensorflow()
    from all_tf.analysis.label_review import write_review
    from all_tf.metrics.label_errors import describe_review

    reviewed = write_review(
        args.run, records=args.records, num_cells=args.cells, trusted=args.trust_records
    )
    print(f"Reviewed: {reviewed.scored}\n{reviewed.trust}\n")
    print(describe_review(reviewed.rows, most=_SHOWN))
    print(f"Written: {reviewed.folder}")


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, help="a cross-validation's folder, or a run's")
    add_records_options(parser)
    parser.add_argument(
        "--cells", type=whole_number(1, _MOST_CELLS), default=40, metavar="N", help="in the picture"
    )
    return parser.parse_args()
