"""Measure this project against what its users would do without it; prints one JSON object.

    python scripts/benchmark.py convert --source data/C-NMC_Leukemia

Ratios are measured side by side in one run: machines differ, and are shared.
"""

import argparse
import json
import sys
from pathlib import Path


def main() -> None:
    """Measure and print."""
    args = _parse()
    try:
        print(json.dumps(args.measure(args), indent=2))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def _convert(args: argparse.Namespace) -> dict:
    from all_tf.runtime import load_tensorflow
    from tfrecords.sources import find_images

    images = find_images(args.source)
    load_tensorflow()
    from all_tf.benchmark_convert import benchmark_convert

    return benchmark_convert(images)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(required=True, metavar="WHAT")
    convert = what.add_parser("convert", help="the converter, beside the codec and beside TFDS")
    convert.add_argument("--source", type=Path, default=Path("data/C-NMC_Leukemia"))
    convert.set_defaults(measure=_convert)
    return parser.parse_args()


if __name__ == "__main__":
    main()
