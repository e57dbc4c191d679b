"""Tell whether a run is as it was left: compute every figure again, hash every file.

    python scripts/verify.py runs/RUN

Looks at the run, its evaluations and, of a cross-validation, at each fold and what they say
together. Exit code 1 on any drift, each named with what is stored and what was found. It needs no
records and no TensorFlow, and changes nothing.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Verify and print; exit code 1 if anything is not as it was."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="the run's folder")
    args = parser.parse_args()
    from all_tf.runs.verification import verify

    try:
        checked = verify(args.run)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    for each in checked:
        print(
            f"{each.folder}: {each.num_figures} figures from {each.num_images:,} predictions, "
            f"{each.num_files} files by SHA-256: "
            + (f"{len(each.drift)} DIFFER" if each.drift else "as they were left")
        )
        for line in each.drift:
            print(f"  {line}")
    if any(each.drift for each in checked):
        sys.exit(1)


if __name__ == "__main__":
    main()
