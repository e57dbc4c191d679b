"""Check whether this machine is ready to train, and say which rows fit and how long they take.

    python scripts/doctor.py
    python scripts/doctor.py --records data/records
    python scripts/doctor.py --json

Checks Python, the installed packages against the tested ones, memory, disk, records (their tables
and lengths; make_tfrecords.py --verify DIR checks every byte) and, last, in a process of its own,
TensorFlow and the GPU. Each check is ok, a warning or a problem, with what to do. The table below
says of each row of --experiment which batch fits into the memory and how long it takes. Changes
nothing. Exit code 0 without a problem, whatever the warnings, 1 with one.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.courtesy import courtesy

_RECORDS = Path("data/records")

if TYPE_CHECKING:
    from all_tf.doctor.check import Check


@exit_on_errors()
def main() -> None:
    """Check and print; exit code 1 if there is a problem."""
    args = _parse()
    from all_tf.doctor.check import PROBLEM, WARNING, Check, format_check
    from all_tf.doctor.examine import examine

    checks: list[Check] = []
    for check in examine(args.records or _RECORDS, named=args.records is not None):
        checks.append(check)
        if not args.json:
            print(format_check(check), flush=True)
    states = [check.state for check in checks]
    rows = _rows(args.records or _RECORDS, checks, as_json=args.json)
    if args.json:
        print(json.dumps({"checks": [each._asdict() for each in checks], "rows": rows}, indent=2))
    else:
        print(f"\nProblems: {states.count(PROBLEM)}. Warnings: {states.count(WARNING)}.")
    if PROBLEM in states:
        sys.exit(1)


def _rows(records: Path, checks: "list[Check]", *, as_json: bool) -> list[dict]:
    """What each row takes, printed unless it is for JSON; none where it cannot be estimated."""
    from all_tf.doctor.examine import is_usable

    with courtesy("The table of rows"):
        from all_tf.doctor.rows import format_rows, rows_here
        from all_tf.system.graphics_cards import gpu_memory

        on_gpu, here = is_usable("GPU", checks), records if is_usable("records", checks) else None
        rows = rows_here(here, gpu_bytes=min(gpu_memory(), default=None) if on_gpu else None)
        if not as_json:
            images = "C-NMC 2019" if here is None else str(here)
            print(f"\n{format_rows(rows, images=images, on_gpu=on_gpu)}")
        return [each._asdict() for each in rows]
    return []


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("--records", type=Path, metavar="DIR", help=f"default: {_RECORDS}, if it is there")
    add("--json", action="store_true", help="print one JSON object, for programs")
    return parser.parse_args()
