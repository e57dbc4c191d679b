"""Put finished runs side by side.

    python scripts/compare.py runs/RUN studies/2021/densenet169 --out comparison.md
    python scripts/compare.py runs/A runs/B --on "Kyiv 2026"

The table has each run's metrics on the split validation, or, where the run was not evaluated there
once, on the set that its epoch was chosen on; a cross-validation has its out-of-fold predictions. A
warning says where images differ. Two runs are compared patient by patient: differences, intervals,
p-values, and whether they differ significantly; where their images differ that is refused, with
exit code 1. The file of --out is new, or a comparison that was written before.
"""

import argparse
from pathlib import Path

from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.outputs import require_file

_FIRST_WORDS = {".md": "| run ", ".csv": "run,arch,"}  # Of what this command writes.


@exit_on_errors()
def main() -> None:
    """Read the runs, print the table, write it to the file that --out names."""
    args = _parse()
    if args.out:
        require_file(args.out, ending=tuple(_FIRST_WORDS))
        _require_no_other(args.out)
    from all_tf.api.comparing import compare
    from tfrecords.store.files import write_text

    compared = compare(args.runs, on=args.on)
    text = str(compared)
    print(text)
    if len(compared) == 2:
        paired = compared.paired()
        print(f"\n{paired}")
        text += f"\n\n{paired}"
    if args.out and _ending(args.out) == ".md":
        write_text(args.out, text + "\n")
    elif args.out:
        compared.to_csv(args.out)
    if args.out:
        print(f"Written: {args.out}")


def _require_no_other(out: Path) -> None:
    """Raise if `out` is another file than a comparison, or lies among files with checksums.

    Its first words say what a file is; the names that a file of a run or of records may have are
    many, and a list of them would grow old.
    """
    from all_tf.runs.checksums import SUMS_FILE

    if (out.parent / SUMS_FILE).is_file():
        raise FileExistsError(
            f"{out.parent} holds a result, and verify.py finds any other file there. Name a file "
            "in another folder."
        )
    words = _FIRST_WORDS[_ending(out)]
    if out.exists() and out.stat().st_size:
        with out.open("rb") as file:
            if file.read(len(words)) != words.encode():
                raise FileExistsError(f"{out} exists and is no comparison. Name another file.")


def _ending(out: Path) -> str:
    return next(ending for ending in _FIRST_WORDS if out.name.lower().endswith(ending))


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run's folder")
    on = "compare the results on records of this name; default: those of the training"
    parser.add_argument("--on", metavar="NAME", help=on)
    parser.add_argument("--out", type=Path, metavar="FILE", help="*.md or *.csv")
    return parser.parse_args()
