"""Pack the BMP images of C-NMC 2019 into TFRecords, or cells of your own; check them; refold.

    python scripts/make_tfrecords.py --source data/C-NMC_Leukemia
    python scripts/make_tfrecords.py --layout folders --source lab --positive blast --hold-out 0.2
    python scripts/make_tfrecords.py --download
    python scripts/make_tfrecords.py --verify data/records
    python scripts/make_tfrecords.py --refold 10

Writes data/records: lossless, verified, patients never divided between folds. The whole data set
takes a few minutes and 0.6 GB. After an interruption the same command resumes.
"""

import argparse
import io
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from all_tf.system.arguments import (
    MAX_SEED,
    class_name,
    file_path,
    folds_choice,
    hold_out_choice,
    path_to_write,
    records_name,
    whole_number,
)
from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.script_command import runnable

_NO_SOURCE = """no folder {source}.
  The images: https://www.kaggle.com/datasets/andrewmvd/leukemia-classification
  or The Cancer Imaging Archive, https://doi.org/10.7937/tcia.2019.dc64i46r;
  unpack them and pass the folder as --source, or let --download do both.
  Without them, draw synthetic ones:
    python scripts/make_synthetic.py --out data/synthetic
    python scripts/make_tfrecords.py --source data/synthetic"""

_LAYOUT = (
    "folders: your own cells, in CLASS/PATIENT/, or in train/, validation/, test/ with these in "
    "each, or a CSV with the columns path,label,patient and perhaps split"
)
_SOURCE, _RECORDS = Path("data/C-NMC_Leukemia"), Path("data/records")
_FLAG: dict[str, Any] = {"action": "store_true", "default": None}  # None where it is not given.
_OF_FOLDERS = ("positive", "hold_out", "patient_per_image")
_OF_CNMC = ("allow_skips", "require_published", "download")
_OF_COMMAND = ("source", "download", "verify", "refold")  # Of no meaning to `make_records`.
_OF_VERIFY = ("verify",)
_OF_REFOLD = ("refold", "records", "seed")


@exit_on_errors(lambda: "the same command goes on from here")
def main() -> None:
    """Convert, verify or refold, whichever the arguments ask for."""
    args = _parse()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # A patient may be called 'Ä1'.
    work = _verify if args.verify else _refold if args.refold is not None else _convert
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
    if not args.download and not args.source.exists():
        raise FileNotFoundError(_NO_SOURCE.format(source=args.source))
    from all_tf.api.records import make_records

    source = _download(args) if args.download else args.source
    given = {key: value for key, value in _given(args).items() if key not in _OF_COMMAND}
    make_records(source, **given)
    print(f"\nRecords: {args.records}\nNext: {runnable(_next_command(args.records))}")


def _next_command(records: Path) -> str:
    """What the records are for: a training, or where they hold no split train a run's test."""
    from tfrecords.store.manifest import read_manifest

    manifest = read_manifest(records)
    splits = list(manifest["splits"])
    where = shlex.quote(str(records))
    if "train" not in splits:
        split = "" if "validation" in splits else f" --split {splits[0]}"
        return f"python scripts/evaluate.py RUN{split} --records {where}"
    return f"python scripts/train.py --experiment scratch --records {where}"


def _download(args: argparse.Namespace) -> Path:
    from all_tf.system.progress import track
    from tfrecords.packing.atomic import check_target
    from tfrecords.sources.download import download_cnmc
    from tfrecords.store.manifest import MANIFEST_FILE

    check_target(args.records, overwrite=bool(args.overwrite), marker=MANIFEST_FILE)
    source = download_cnmc(progress=track)
    where = shlex.quote(str(source))
    print(f"C-NMC 2019, every file as published: {source}\nFrom now on: --source {where}\n")
    return source


def _verify(args: argparse.Namespace) -> None:
    from all_tf.system.progress import track
    from tfrecords.store.verification import verify_records

    print(verify_records(args.verify, progress=track))


def _refold(args: argparse.Namespace) -> None:
    from tfrecords.packing.folding import refold
    from tfrecords.packing.near_duplicate_scan import read_suspects
    from tfrecords.packing.summary import describe_packed

    packed = refold(args.records, folds=args.refold, seed=args.seed or 0)
    print(describe_packed(packed, read_suspects(args.records)))


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    _add_source(parser)
    _add_packing(parser)
    only = parser.add_mutually_exclusive_group().add_argument
    only("--verify", type=file_path, metavar="DIR", help="only check that records are whole")
    only("--refold", type=folds_choice, metavar="K", help="only make new folds for records")
    args = parser.parse_args()
    given = _given(args).keys()
    if args.verify and (useless := given - {*_OF_VERIFY}):
        parser.error(f"--verify only checks the records in DIR. Received: {_options(useless)}")
    if args.refold is not None and (useless := given - {*_OF_REFOLD}):
        work = "--refold only makes the folds of --records anew, by --seed"
        parser.error(f"{work}. Received: {_options(useless)}")
    of_other, layout = (_OF_CNMC, "cnmc") if args.layout == "folders" else (_OF_FOLDERS, "folders")
    if useless := given & {*of_other}:
        parser.error(f"{_options(useless)} is for --layout {layout}")
    args.source, args.records = args.source or _SOURCE, args.records or _RECORDS
    return args


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The options that were given: the others are None."""
    return {name: value for name, value in vars(args).items() if value is not None}


def _options(names: Iterable[str]) -> str:
    return ", ".join(sorted(f"--{name.replace('_', '-')}" for name in names))


def _add_source(parser: argparse.ArgumentParser) -> None:
    """Which images, and which of them are let in."""
    source = parser.add_mutually_exclusive_group().add_argument
    source("--source", type=file_path, help=f"default: {_SOURCE}")
    download = "fetch C-NMC 2019 from Kaggle into kagglehub's cache, check every file, and pack it"
    source("--download", **_FLAG, help=download)
    add = parser.add_argument
    add("--layout", choices=("cnmc", "folders"), help=_LAYOUT)
    positive = "the class of the disease, where its name does not say it"
    add("--positive", type=class_name, metavar="NAME", help=positive)
    add("--patient-per-image", **_FLAG, help="let images without a patient in")
    skips = "leave out up to N bad bitmaps"
    add("--allow-skips", type=whole_number(0, 10**6), metavar="N", help=skips)
    both = "leave out all images whose pixels lie under both classes"
    add("--drop-contradictions", **_FLAG, help=both)
    exact = "refuse files that are not as published"
    add("--require-published", **_FLAG, help=exact)


def _add_packing(parser: argparse.ArgumentParser) -> None:
    """Where the records go, what they are called, and how they are divided."""
    add = parser.add_argument
    add("--records", type=path_to_write, help=f"default: {_RECORDS}")
    add("--overwrite", **_FLAG, help="replace existing records")
    add("--name", type=records_name, metavar="TEXT", help="of the records; default: the folder's")
    folds = "folds of the training phase, or official: the published ones, which leak"
    add("--folds", type=folds_choice, metavar="K", help=folds)
    aside = "patients of each class for validation: a number, a share as 0.2, or all"
    add("--hold-out", type=hold_out_choice, metavar="N", help=aside)
    order = "of the order of records, and of folds"
    add("--seed", type=whole_number(0, MAX_SEED), metavar="N", help=order)
    threads = "threads; by default one a core"
    add("--workers", type=whole_number(1, 1024), metavar="N", help=threads)
    add("--no-scan", **_FLAG, help="do not look for near-duplicates")
