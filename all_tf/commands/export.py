"""Export a finished run as one file that opens without this project, and prove that it is right.

    python scripts/export.py runs/RUN --format onnx

Writes RUN/export/: model.keras, saved_model/, model.onnx or model.tflite, and export.json. The file
takes `image`, uint8 (n, 450, 450, 3), and gives `probability` and `answer`, 1 for the positive
class: crop, resizing, network, the run's own calibration and threshold are inside. It is opened in
a process of its own and held against the run on cells of its selection set; a file that answers
otherwise is removed. RUN may be a cross-validation or an ensemble, which is exported as one model.
docs/export.md says how each format is opened. For research use only: no basis for the care of any
patient.
"""

import argparse
from pathlib import Path

from all_tf.config import choices
from all_tf.system.arguments import whole_number
from all_tf.system.cli import add_records_options, exit_on_errors, script_parser

_MOST_CELLS = 100_000


@exit_on_errors()
def main() -> None:
    """Export the run and print what the proof has found."""
    args = _parse()
    from all_tf.export.export_folder import EXPORT_FOLDER, ExportTarget, require_free
    from all_tf.runs.finished import require_finished
    from all_tf.runs.folder import EvaluationSet

    target = ExportTarget(args.format, args.quantize)
    beside = args.run or args.ensemble[0].parent / "ensemble"
    out = args.out or beside / EXPORT_FOLDER
    require_finished(args.ensemble or [args.run], asked=EvaluationSet(records=args.records))
    require_free(out, target, overwrite=args.overwrite)
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow()
    from all_tf.evaluation.ensemble import members_of
    from all_tf.export.export_run import export_runs, runs_of
    from all_tf.export.export_text import format_export
    from all_tf.export.reference import ProofCells

    members = runs_of(args.run) if args.run else members_of(args.ensemble)
    asked = ProofCells(args.cells, args.records, args.trust_records)
    path, found = export_runs(members, target, out=out, overwrite=args.overwrite, asked=asked)
    print(format_export(path, found))


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, nargs="?", help="the run's folder")
    parser.add_argument("--ensemble", type=Path, nargs="+", metavar="RUN", help="several, as one")
    parser.add_argument("--format", choices=choices.EXPORT_FORMATS, required=True)
    parser.add_argument(
        "--quantize", choices=choices.QUANTIZATIONS, help="smaller numbers, of --format litert"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: RUN/export")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    parser.add_argument(
        "--cells",
        type=whole_number(1, _MOST_CELLS),
        default=200,
        metavar="N",
        help="of the selection set, to hold the file against; default: 200",
    )
    add_records_options(parser)
    args = parser.parse_args()
    if (args.run is None) == (args.ensemble is None):
        parser.error("expected one run, or --ensemble with several")
    if args.quantize and args.format != "litert":
        parser.error(f"--quantize is for --format litert. Received: --format {args.format}")
    return args
