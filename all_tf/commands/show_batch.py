"""Draw what a network sees: cells before augmentation and after it, at its first steps.

    python scripts/show_batch.py --augment rotate,cutmix --out batch.png

The cells are some that a training with this fold and seed learns from, sampled evenly over classes
and patients; no patient is named. The picture is written over if it is there.
"""

import argparse
from pathlib import Path

from all_tf.config import choices
from all_tf.system.arguments import whole_number
from all_tf.system.cli import add_trust_option, exit_on_errors, script_parser
from all_tf.system.outputs import require_file

_MOST_IMAGES = 100  # Of one picture.


@exit_on_errors()
def main() -> None:
    """Load some cells, draw them, print the name of the file."""
    args = vars(_parse())
    out = args.pop("out")
    require_file(out, ending=(".png", ".pdf", ".svg"))
    from all_tf.api.batch import draw_batch

    given = {key: value for key, value in args.items() if value is not None}
    print(f"Written: {draw_batch(**given).save(out)}")


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("--records", type=Path, default=Path("data/records"))
    add("--out", type=Path, required=True, metavar="FILE", help="*.png, *.pdf or *.svg")
    add(
        "--augment",
        required=True,
        type=lambda text: tuple(text.split(",")),
        metavar="A,B",
        help=f"some of: {', '.join(choices.AUGMENTATIONS)}",
    )
    add(
        "--images",
        type=whole_number(2, _MOST_IMAGES),
        default=6,
        metavar="N",
        help="2 or more; default: 6",
    )
    add("--image-size", type=int, metavar="PX", help="side the network sees; default: 300")
    add(
        "--crop",
        type=int,
        metavar="PX",
        help="side of the centre that is kept; default: 450",
    )
    add("--fold", type=int, metavar="K", help="held out, so not shown; default: 0")
    add("--seed", type=int, metavar="N")
    add_trust_option(parser)
    return parser.parse_args()
