"""Put finished runs side by side.

    python scripts/compare.py runs/RUN studies/2021/densenet169 --out comparison.md

Each run is shown by its figures on the preliminary phase, or, where it has none that were measured
there once, on the set that its epoch was chosen on. A warning says where images differ.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Read the runs, print the table, write it if asked to."""
    args = _parse()
    from all_tf.comparison import compare, read_scored
    from all_tf.tables import write_csv

    try:
        if args.out and args.out.suffix not in (".md", ".csv"):
            raise ValueError(f"Expected --out FILE.md or FILE.csv. Received: --out {args.out}")
        runs = [read_scored(run) for run in args.runs]
        text = compare(runs)
        if args.out and args.out.suffix == ".md":
            args.out.write_text(text + "\n", encoding="utf-8")
        elif args.out:
            write_csv(args.out, [run.row() for run in runs])
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(text)
    if args.out:
        print(f"Written: {args.out}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run's folder")
    parser.add_argument("--out", type=Path, metavar="FILE", help="*.md or *.csv; written over")
    return parser.parse_args()


if __name__ == "__main__":
    main()
