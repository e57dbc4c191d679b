"""Draw synthetic cells in the layout of C-NMC 2019, to try everything without the real images.

    python scripts/make_synthetic.py --out DIR [--images N] [--seed N]

600 images take about 10 s on two cores and 400 MB of disk.
"""

from all_tf.system.arguments import MAX_SEED, path_to_write, whole_number
from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.script_command import runnable, script_command


@exit_on_errors()
def main() -> None:
    """Draw the images and print the command that packs them."""
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("--out", type=path_to_write, required=True, help="folder for C-NMC_Leukemia")
    images, seed = whole_number(60, 100_000), whole_number(0, MAX_SEED)
    add("--images", type=images, default=600, metavar="N", help="of all phases (default 600)")
    add("--seed", type=seed, default=0, metavar="N", help="same seed, same bytes (default 0)")
    args = parser.parse_args()

    # Imported here, so that --help is fast.
    from all_tf.system.outputs import require_folder
    from all_tf.system.progress import track
    from tfrecords.synthetic.write import write_synthetic

    require_folder(args.out)
    path = write_synthetic(args.out, num_images=args.images, seed=args.seed, progress=track)
    print(f"wrote {args.images} images to {path}")
    records = args.out / "synthetic-records"  # Not where the records of the real images lie.
    packs = script_command("make_tfrecords.py", "--source", path, "--records", records)
    print(f"Next: {runnable(packs)}")
