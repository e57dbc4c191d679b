"""Test whether a finished run uses more of a cell than its size, its colour and its border.

    python scripts/probe.py runs/RUN

Simple probes are fitted on the cells that the run learnt from; they and the run are scored on the
set that the run is evaluated on: the split validation, or without one the fold that its epoch was
chosen on. Then the run scores altered cells: in one colour, as silhouettes, with patches shuffled.
Writes RUN/probes/: probes.json, probes.csv, altered.png.
"""

import argparse
from pathlib import Path

from all_tf.system.cli import add_overwrite_option, add_set_options, exit_on_errors, script_parser
from all_tf.system.outputs import require_folder


@exit_on_errors()
def main() -> None:
    """Probe the run and print what was found."""
    args = _parse()
    from all_tf.runs.finished import require_finished
    from all_tf.runs.folder import PROBES_FOLDER, EvaluationSet
    from all_tf.system.tensorflow_import import load_tensorflow

    require_folder(args.run / PROBES_FOLDER)
    asked = EvaluationSet(args.split, args.fold, args.records, args.trust_records, args.overwrite)
    require_finished([args.run], asked=asked)
    load_tensorflow()
    from all_tf.analysis.probe_run import probe_run
    from all_tf.analysis.probe_text import format_probes

    result, folder = probe_run(args.run, asked, seed=args.seed)
    print(format_probes(result))
    print(f"Written: {folder}")


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, help="the run's folder")
    add_set_options(parser, splits=("validation", "train"))
    add_overwrite_option(parser)
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of everything random; default: 0"
    )
    return parser.parse_args()
