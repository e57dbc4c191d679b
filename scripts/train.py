"""Train one architecture of the study on packed records.

    python scripts/train.py --arch densenet169

What is not given comes from the study's row for that architecture. The run goes to a folder of its
own below runs/.
"""

import argparse
import sys
from datetime import datetime
from pathlib import Path

from all_tf import names


def main() -> None:
    """Train what the arguments ask for and print its reports."""
    args = vars(_parse())
    records, run, trusted = args.pop("records"), args.pop("run_dir"), args.pop("trust_records")
    run = run or Path("runs", f"{datetime.now():%Y%m%d-%H%M%S}-{args['arch']}")
    from dataclasses import replace

    from all_tf.experiments import EXPERIMENTS

    given = {key: value for key, value in args.items() if value is not None}
    try:
        experiment = replace(EXPERIMENTS[args["arch"]], **given)
        from all_tf.runtime import load_tensorflow

        load_tensorflow()
        from all_tf.reports import format_report
        from all_tf.training import train

        reports = train(experiment, records, run, trusted=trusted)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print(f"interrupted; what was finished is in {run}", file=sys.stderr)
        sys.exit(130)
    print("\n".join(map(format_report, reports)))
    print(f"Run: {run}\nTensorBoard: {_tensorboard()} --logdir {run.parent}")


def _tensorboard() -> str:
    """The command as it works from here, whether or not the environment is active."""
    import shutil

    beside = Path(sys.executable).with_name("tensorboard")
    found = shutil.which("tensorboard")
    return "tensorboard" if found and Path(found).samefile(beside) else str(beside)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--arch", required=True, choices=names.ARCHITECTURES)
    add("--records", type=Path, default=Path("data/records"))
    add("--run-dir", type=Path, help="default: runs/YYYYmmdd-HHMMSS-ARCH; never overwritten")
    add("--protocol", choices=names.PROTOCOLS, help="default: honest")
    add("--fold", type=int, metavar="K", help="held out to choose the epoch on; default: 0")
    add("--image-size", type=int, metavar="PX")
    add("--batch-size", type=int, metavar="N")
    add("--epochs", type=int, metavar="N")
    add("--learning-rate", type=float, metavar="X")
    add(
        "--augment",
        type=lambda text: () if text == "none" else tuple(text.split(",")),
        metavar="A,B",
        help=f"none, or some of: {', '.join(names.AUGMENTATIONS)}",
    )
    add("--imbalance", choices=names.STRATEGIES)
    add("--weights", metavar="W", help="imagenet, none, or a file *.weights.h5")
    add("--monitor", choices=names.MONITORS, metavar="M", help="default: val_kappa")
    add("--seed", type=int, metavar="N")
    add("--limit-train", type=int, metavar="N", help="images, drawn over classes and patients")
    add("--limit-validation", type=int, metavar="N")
    add("--trust-records", action="store_true", help="skip the SHA-256 of the shards")
    return parser.parse_args()


if __name__ == "__main__":
    main()
