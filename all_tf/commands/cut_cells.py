"""Find the white cells in fields of a smear, and cut each out as C-NMC shows its cells.

    python scripts/cut_cells.py slides/ --out cut
    python scripts/cut_cells.py field1.png field2.jpg --out cut --microns-per-pixel 0.083 --masks

Takes JPEG, PNG, TIFF and BMP files, and folders of them: slides/PATIENT/FIELD. Writes
cells/PATIENT/FIELD_CELL.png, 450 x 450 pixels on black at the scale of C-NMC; cells.csv with every
cell that was found; patients.csv, a table for make_tfrecords.py whose labels are to be filled in;
contact sheets; outlines/ to check each field; with --masks also masks/FIELD_labels.png. Cells at
the edge of a field are counted, not cut.

The scale is measured on red cells, which are 7.5 micrometres wide, or given. Files that cannot be
read are listed and skipped, and the exit code is then 1. docs/fields.md says how well it works.
For research use only: no basis for the care of any patient.
"""

import argparse
import sys
from pathlib import Path

from all_tf.system.arguments import path_to_write, real_number
from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.extras import require_modules
from tfrecords.names import legible


@exit_on_errors()
def main() -> None:
    """Cut the cells, and say what was found and at which scale."""
    args = _parse()
    for path in args.paths:
        if not path.exists():
            raise FileNotFoundError(f"No such picture or folder: {path}")
    from tfrecords.packing.atomic import check_target

    check_target(args.out, overwrite=args.overwrite, marker="cells.csv")
    require_modules(("skimage",), extra="fields", what="Finding cells in fields")
    from all_tf.fields.cut_fields import cut_fields
    from all_tf.fields.cutting_plan import CutSettings
    from all_tf.fields.field_files import find_fields, several_folders

    fields, problems = find_fields(args.paths, leave_out=args.out)
    if line := several_folders(fields):
        print(legible(f"Patients: {line}."), flush=True)
    settings = CutSettings(
        args.microns_per_pixel, args.native_scale, args.masks, args.stain is not None
    )
    summary = cut_fields(fields, args.out, settings, overwrite=args.overwrite, problems=problems)
    _say(summary, args.out)
    if summary.problems:
        lines = "\n  ".join(summary.problems)
        text = f"{len(summary.problems)} not cut:\n  {lines}"
        sys.exit("error: " + legible(text, keep="\n"))


def _say(summary, out: Path) -> None:
    for line in summary.scales:
        print(f"Scale: {line}")
    print(
        f"Fields: {summary.num_fields}; cells cut out: {summary.num_cut}; at the edge, left out: "
        f"{summary.num_at_edge}; larger than 450 px, left out: {summary.num_too_large}."
    )
    print(legible(f"Written: {out}. Look at its contact sheets and outlines before you go on."))


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("paths", type=Path, nargs="+", metavar="FIELD", help="a picture, or a folder of them")
    add("--out", type=path_to_write, required=True, metavar="DIR", help="a new folder")
    add("--overwrite", action="store_true", help="replace what this command wrote there before")
    add("--masks", action="store_true", help="write images of numbered cells, too")
    add(
        "--microns-per-pixel",
        type=real_number(0.01, 1),
        metavar="UM",
        help="scale of the fields; default: measured on their red cells",
    )
    add("--native-scale", action="store_true", help="copy the pixels, whatever the scale")
    add(
        "--stain",
        choices=("reinhard",),
        help="bring the colours of each cell to C-NMC's; default: leave them",
    )
    return parser.parse_args()
