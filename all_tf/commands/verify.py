"""Check that a run is as it was written: recompute every metric, hash every file.

    python scripts/verify.py runs/RUN

Looks at the run, its evaluations and, of a cross-validation, at each fold and its out-of-fold
predictions. Exit code 1 on any difference, each named with what is stored and what was found. It
needs no records and no TensorFlow, and changes nothing.
"""

import argparse
import sys
from pathlib import Path

from all_tf.system.cli import exit_on_errors, script_parser


@exit_on_errors()
def main() -> None:
    """Verify and print; exit code 1 if anything is not as it was."""
    args = _parse()
    from all_tf.runs.verification import verify
    from tfrecords.names import legible

    checked = verify(args.run)
    for each in checked:
        figures = f"{each.num_figures} figures from {each.num_images:,} predictions, "
        print(
            f"{each.folder}: {figures if each.num_figures else ''}"
            f"{each.num_files} files by SHA-256: "
            + (f"{len(each.drift)} DIFFER" if each.drift else "as they were left")
        )
        for line in each.drift:
            print(f"  {legible(line)}")
    if any(each.drift for each in checked):
        sys.exit(1)


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, help="the run's folder")
    return parser.parse_args()
