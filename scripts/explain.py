"""Draw where in a cell a finished run finds what speaks for ALL, and what speaks for HEM.

    python scripts/explain.py runs/RUN --images 12

Grad-CAM of the most confident right cells, the worst wrong ones and some at random, of the set that
the run is judged by; and the same of networks that have forgotten all, for a map that they draw too
explains nothing. Writes RUN/explanations/: cells.png, explanations.json.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Draw the maps and print what they are worth."""
    args = _parse()
    try:
        from all_tf.system.tensorflow_import import load_tensorflow

        load_tensorflow()
        from all_tf.analysis.explain_run import explain_run
        from all_tf.analysis.explanation_text import format_explanations
        from all_tf.runs.folder import EXPLANATIONS_FOLDER, EvaluationSet

        asked = EvaluationSet(args.split, args.fold, args.records, args.trust_records)
        result = explain_run(args.run, asked, num_images=args.images, seed=args.seed)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(format_explanations(result))
    print(f"Written: {args.run / EXPLANATIONS_FOLDER}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, help="the run's folder")
    add("--images", type=int, default=12, metavar="N", help="default: 12")
    add("--records", type=Path, metavar="DIR", help="default: those it was trained on")
    add("--split", choices=("validation", "train"), help="default: what the run is judged by")
    add("--fold", type=int, metavar="K", help="one fold of the train split")
    add("--seed", type=int, default=0, metavar="N", help="of the cells at random; default: 0")
    add("--trust-records", action="store_true", help="skip the SHA-256 of the shards")
    return parser.parse_args()


if __name__ == "__main__":
    main()
