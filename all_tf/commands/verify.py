"""Check that a run is as it was written: recompute every metric, hash the files of results.

    python scripts/verify.py runs/RUN

Looks at the run, its evaluations, analyses, calibrations, review and exported files, and, of a
cross-validation, at each fold and its out-of-fold predictions: at all that a SHA256SUMS or an
export.json lists. Not compared are report.html and MODEL_CARD.md, which report.py writes again,
state/ and tensorboard/. Exit code 1 on any difference, each named with what is stored and what was
found. It needs no records and no TensorFlow, and changes nothing.
"""

import argparse
import sys
from pathlib import Path

from all_tf.system.cli import exit_on_errors, script_parser
from tfrecords.counted import counted


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
            f"{counted(each.num_files, 'file')} by SHA-256"
            + (_problems(each.num_changed, each.drift) if each.drift else ": as they were left")
        )
        for line in each.drift:
            print(f"  {legible(line)}")
    if any(each.drift for each in checked):
        sys.exit(1)


def _problems(num_changed: int, drift: list[str]) -> str:
    verb = "DIFFER" if num_changed > 1 else "DIFFERS"
    differ = f", {num_changed} of them {verb}" if num_changed else ""
    return f"{differ}; {counted(len(drift), 'problem')}:"


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, help="the run's folder")
    return parser.parse_args()
