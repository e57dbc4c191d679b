"""Find out whether a finished run knows more of a cell than its size, its colour and its border.

    python scripts/probe.py runs/RUN

Trivial probes are fitted on the cells that the run learnt from; they and the run are scored on the
set that the run is judged by: the preliminary phase, or without one the fold that its epoch was
chosen on. Then the run is shown poorer cells: in one colour, as silhouettes, with patches shuffled.
Writes RUN/probes/: probes.json, probes.csv, altered.png.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Probe the run and print what was found."""
    args = _parse()
    try:
        from all_tf.system.tensorflow_import import load_tensorflow

        load_tensorflow()
        from all_tf.analysis.probe_run import probe_run
        from all_tf.analysis.probe_text import format_probes
        from all_tf.runs.folder import PROBES_FOLDER, EvaluationSet

        asked = EvaluationSet(args.split, args.fold, args.records, args.trust_records)
        result = probe_run(args.run, asked, seed=args.seed)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(format_probes(result))
    print(f"Written: {args.run / PROBES_FOLDER}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, help="the run's folder")
    add("--records", type=Path, metavar="DIR", help="default: those it was trained on")
    add("--split", choices=("validation", "train"), help="default: what the run is judged by")
    add("--fold", type=int, metavar="K", help="one fold of the train split")
    add("--seed", type=int, default=0, metavar="N", help="of all that is drawn; default: 0")
    add("--trust-records", action="store_true", help="skip the SHA-256 of the shards")
    return parser.parse_args()


if __name__ == "__main__":
    main()
