"""Pack the BMP images of C-NMC 2019 into TFRecords.

    python scripts/make_tfrecords.py --source data/C-NMC_Leukemia

Writes data/records: lossless, verified, patients never divided between folds. The whole data set
takes a few minutes and 0.7 GB.
"""

import argparse
import sys
from pathlib import Path

_NO_SOURCE = """no folder {source}.
  The images: https://www.kaggle.com/datasets/andrewmvd/leukemia-classification
  or The Cancer Imaging Archive, https://doi.org/10.7937/tcia.2019.dc64i46r;
  unpack them and pass the folder as --source.
  Without them, draw a synthetic stand-in:
    python scripts/make_synthetic.py --out data/synthetic
    python scripts/make_tfrecords.py --source data/synthetic"""


def main() -> None:
    args = _parse()
    if not args.source.is_dir():
        sys.exit("error: " + _NO_SOURCE.format(source=args.source))
    from all_tf.progress import track
    from all_tf.runtime import load_tensorflow
    from tfrecords.atomic import fresh_directory
    from tfrecords.manifest import MANIFEST_FILE
    from tfrecords.sources import find_images
    from tfrecords.summary import summarize
    from tfrecords.writer import write_records

    try:
        images = find_images(args.source)
        load_tensorflow()
        with fresh_directory(
            args.records, overwrite=args.overwrite, marker=MANIFEST_FILE
        ) as directory:
            packed = write_records(
                images,
                directory,
                num_folds=args.folds,
                seed=args.seed,
                num_workers=args.workers,
                progress=track,
            )
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(summarize(packed))
    print(
        f"\nRecords: {args.records}\nNext: python scripts/train.py --arch densenet169"
        f" --records {args.records}"
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, default=Path("data/C-NMC_Leukemia"))
    parser.add_argument("--records", type=Path, default=Path("data/records"))
    parser.add_argument("--folds", type=int, default=5, help="folds of the training phase")
    parser.add_argument("--workers", type=int, help="processes; by default one a core")
    parser.add_argument("--seed", type=int, default=0, help="of the order of records, and folds")
    parser.add_argument("--overwrite", action="store_true", help="replace existing records")
    return parser.parse_args()


if __name__ == "__main__":
    main()
