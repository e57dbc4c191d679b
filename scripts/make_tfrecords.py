"""Pack the BMP images of C-NMC 2019 into TFRecords, check packed ones, or make new folds.

    python scripts/make_tfrecords.py --source data/C-NMC_Leukemia
    python scripts/make_tfrecords.py --verify data/records
    python scripts/make_tfrecords.py --refold 10

Writes data/records: lossless, verified, patients never divided between folds. The whole data set
takes a few minutes and 0.6 GB. After an interruption the same command resumes.
"""

import argparse
from pathlib import Path

from all_tf.system.cli import exit_on_errors, script_parser

_NO_SOURCE = """no folder {source}.
  The images: https://www.kaggle.com/datasets/andrewmvd/leukemia-classification
  or The Cancer Imaging Archive, https://doi.org/10.7937/tcia.2019.dc64i46r;
  unpack them and pass the folder as --source.
  Without them, draw synthetic ones:
    python scripts/make_synthetic.py --out data/synthetic
    python scripts/make_tfrecords.py --source data/synthetic"""

_LAYOUT = "folders: other cells, in CLASS/PATIENT/ or a CSV with the columns path,label,patient"


@exit_on_errors(lambda: "the same command goes on from here")
def main() -> None:
    """Convert, verify or refold, whichever the arguments ask for."""
    args = _parse()
    work = _verify if args.verify else _refold if args.refold else _convert
    try:
        work(args)
    except (FileExistsError, FileNotFoundError, BlockingIOError):
        raise
    except OSError as error:
        raise OSError(
            f"{error}\n  Nothing at {args.records} was changed. Free space, or choose another "
            "folder with --records: 15,114 images need 1.3 GB while they are packed."
        ) from error


def _convert(args: argparse.Namespace) -> None:
    if not args.source.exists():
        raise FileNotFoundError(_NO_SOURCE.format(source=args.source))
    from all_tf.system.progress import track
    from all_tf.system.tensorflow_import import load_tensorflow
    from tfrecords.sources.find import describe_origin, find_origin

    origin = find_origin(
        args.source,
        layout=args.layout,
        max_skips=args.allow_skips,
        patient_per_image=args.patient_per_image,
    )
    print(describe_origin(origin), flush=True)
    load_tensorflow()
    from tfrecords.packing.conversion import Target, convert
    from tfrecords.packing.writer import Settings

    target = Target(args.records, args.overwrite, args.require_published)
    settings = Settings(args.folds, args.seed, args.workers, not args.no_scan)
    print("\n" + convert(origin, target, settings, progress=track))
    print(
        f"\nRecords: {args.records}\n"
        f"Next: python scripts/train.py --arch densenet169 --records {args.records}"
        if args.layout == "cnmc"
        else f"\nNext: python scripts/evaluate.py RUN --records {args.records}"
    )


def _verify(args: argparse.Namespace) -> None:
    from all_tf.system.progress import track
    from tfrecords.store.verification import verify_records

    print(verify_records(args.verify, progress=track))


def _refold(args: argparse.Namespace) -> None:
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow()
    from tfrecords.packing.near_duplicate_scan import read_suspects
    from tfrecords.packing.summary import describe_packed
    from tfrecords.packing.writer import refold

    packed = refold(args.records, folds=args.refold, seed=args.seed)
    print(describe_packed(packed, read_suspects(args.records)))


def _folds(text: str) -> int | str:
    return text if text == "official" else int(text)


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("--source", type=Path, default=Path("data/C-NMC_Leukemia"))
    add("--records", type=Path, default=Path("data/records"))
    add(
        "--folds",
        type=_folds,
        default=5,
        metavar="K",
        help="folds of the training phase, or official: the published ones, which leak",
    )
    add("--workers", type=int, metavar="N", help="threads; default: one per core")
    add("--seed", type=int, default=0, metavar="N", help="of the order of records, and of folds")
    add("--overwrite", action="store_true", help="replace existing records")
    add("--layout", choices=("cnmc", "folders"), default="cnmc", help=_LAYOUT)
    add("--patient-per-image", action="store_true", help="let images without a patient in")
    add("--allow-skips", type=int, default=0, metavar="N", help="leave out up to N bad bitmaps")
    add("--require-published", action="store_true", help="refuse files that are not as published")
    add("--no-scan", action="store_true", help="do not look for near-duplicates")
    add("--verify", type=Path, metavar="DIR", help="only check that these records are complete")
    add("--refold", type=_folds, metavar="K", help="only make new folds for existing records")
    return parser.parse_args()


if __name__ == "__main__":
    main()
