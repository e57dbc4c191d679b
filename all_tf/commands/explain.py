"""Draw where in a cell a finished run finds evidence for either class.

    python scripts/explain.py runs/RUN --images 12

Grad-CAM of the most confident correct cells, the worst mistakes and some cells at random, of the
set that the run is evaluated on; and the same maps of networks with random weights: a map that they
draw too explains nothing. Writes RUN/explanations/: cells.png, explanations.json.
"""

import argparse
from pathlib import Path

from all_tf.system.arguments import whole_number
from all_tf.system.cli import add_overwrite_option, add_set_options, exit_on_errors, script_parser
from all_tf.system.outputs import require_folder

_MOST_IMAGES = 100  # Of one picture.


@exit_on_errors()
def main() -> None:
    """Draw the maps and print how far they can be trusted."""
    args = _parse()
    from all_tf.runs.finished import require_finished
    from all_tf.runs.folder import EXPLANATIONS_FOLDER, EvaluationSet
    from all_tf.system.tensorflow_import import load_tensorflow

    require_folder(args.run / EXPLANATIONS_FOLDER)
    asked = EvaluationSet(args.split, args.fold, args.records, args.trust_records, args.overwrite)
    require_finished([args.run], asked=asked)
    load_tensorflow()
    from all_tf.analysis.explain_run import explain_run
    from all_tf.analysis.explanation_text import format_explanations

    result, folder = explain_run(args.run, asked, num_images=args.images, seed=args.seed)
    print(format_explanations(result))
    print(f"Written: {folder}")


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument(
        "--images", type=whole_number(1, _MOST_IMAGES), default=12, metavar="N", help="default: 12"
    )
    add_set_options(parser, splits=("validation", "train"))
    add_overwrite_option(parser)
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the cells at random; default: 0"
    )
    return parser.parse_args()
