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

_NUM_STEPS = 5
_MOST_IMAGES = 100  # Of one picture.


@exit_on_errors()
def main() -> None:
    """Load some cells, draw them, print the name of the file."""
    args = vars(_parse())
    records, out, trusted = args.pop("records"), args.pop("out"), args.pop("trust_records")
    require_file(out, ending=(".png", ".pdf", ".svg"))
    from all_tf.config.experiment import Experiment

    given = {key: value for key, value in args.items() if value is not None}
    # Some architecture has to be named; the picture is the same for all of them.
    experiment = Experiment(choices.ARCHITECTURE_NAMES[0], **given)
    from all_tf.system.tensorflow_import import load_tensorflow
    from tfrecords.store.manifest import verify_split

    verify_split(records, "train", trusted=True)
    load_tensorflow()
    from all_tf.data.previews import batch_versions, draw_versions
    from all_tf.data.splits import load_data
    from all_tf.runs.records_label import records_label
    from tfrecords.store.identity import read_identity

    identity = read_identity(records)
    cells = load_data(experiment, records, trusted=trusted).fit
    versions = batch_versions(cells, experiment, num_steps=_NUM_STEPS)
    view = experiment.view
    title = f"{', '.join(experiment.augment)}: central {view.crop} px at {view.output} px"
    of = records_label({"records_name": identity.name, "records_sha256": identity.sha256})
    draw_versions(out, versions, title=f"{title}\n{of}", classes=identity.classes)
    print(f"Written: {out}")


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
        dest="limit_train",
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
