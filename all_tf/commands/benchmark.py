"""Measure speed, growth, the cutting of fields, refusals or the page; prints one JSON object.

    python scripts/benchmark.py convert --source data/C-NMC_Leukemia
    python scripts/benchmark.py input --records data/records --source data/C-NMC_Leukemia
    python scripts/benchmark.py startup --arch efficientnetb0 --image-size 128
    python scripts/benchmark.py step --arch densenet121 --image-size 100
    python scripts/benchmark.py costs --arch densenet121 densenet169 --image-size 300 --batch-size 4
    python scripts/benchmark.py limits --arch densenet121 --image-size 100
    python scripts/benchmark.py torch --arch densenet121 --image-size 100
    python scripts/benchmark.py gpu --framework tensorflow
    python scripts/benchmark.py growth --images 120 2000 15000
    python scripts/benchmark.py fields --source ../shared/smear_real
    python scripts/benchmark.py refusals runs/RUN --fields smears --foreign cells
    python scripts/benchmark.py page runs/RUN

Ratios are measured side by side in one run: machines differ, and are shared.
"""

import argparse
import json
from pathlib import Path

from all_tf.benchmarks.framework_commands import add_gpu, add_torch
from all_tf.config import choices
from all_tf.system.arguments import path_to_write, whole_number
from all_tf.system.cli import add_set_options, exit_on_errors, script_parser
from all_tf.system.outputs import require_file

_SIDE = whole_number(32, 2048)  # Pixels, as an experiment has them.


@exit_on_errors()
def main() -> None:
    """Measure and print."""
    args = _parse()
    if getattr(args, "json", None):
        require_file(args.json)
    print(json.dumps(args.measure(args), indent=2))


def _load_tensorflow() -> None:
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow()


def _convert(args: argparse.Namespace) -> dict:
    from tfrecords.sources.cnmc import find_images

    images = find_images(args.source)
    _load_tensorflow()
    from all_tf.benchmarks.convert import benchmark_convert

    return benchmark_convert(images)


def _input(args: argparse.Namespace) -> dict:
    from tfrecords.sources.cnmc import find_images

    bitmaps = [(x.path, x.label) for x in find_images(args.source) if x.phase == "train"]
    _load_tensorflow()
    from all_tf.benchmarks.input import benchmark_input

    return benchmark_input(args.records, bitmaps, image_size=args.image_size)


def _startup(args: argparse.Namespace) -> dict:
    from all_tf.benchmarks.startup import benchmark_startup

    return benchmark_startup(args.arch, image_size=args.image_size, records=args.records)


def _step(args: argparse.Namespace) -> dict:
    _load_tensorflow()
    from all_tf.benchmarks.step import benchmark_step

    return benchmark_step(args.arch, image_size=args.image_size, records=args.records)


def _costs(args: argparse.Namespace) -> dict:
    _load_tensorflow()
    from all_tf.benchmarks.costs import benchmark_costs

    return benchmark_costs(args.arch, side=args.image_size, batch_size=args.batch_size)


def _limits(args: argparse.Namespace) -> dict:
    _load_tensorflow()
    from all_tf.benchmarks.limits import benchmark_limits
    from all_tf.benchmarks.speed_table import SpeedJob

    job = SpeedJob(args.arch, args.image_size, args.batch_size, "float32")
    return benchmark_limits(job, rounds=args.rounds)


def _growth(args: argparse.Namespace) -> dict:
    from all_tf.benchmarks.growth import benchmark_growth

    return benchmark_growth(args.images, folder=args.folder, small=args.small)


def _fields(args: argparse.Namespace) -> dict:
    from all_tf.benchmarks.fields import benchmark_fields

    return benchmark_fields(args.source)


def _refusals(args: argparse.Namespace) -> dict:
    for folder in (*filter(None, [args.fields]), *args.foreign):
        if not folder.is_dir():
            raise FileNotFoundError(f"Expected a folder of pictures. Received: {folder}")
    from all_tf.runs.folder import EvaluationSet

    _load_tensorflow()
    from all_tf.benchmarks.refusals import benchmark_refusals

    asked = EvaluationSet(args.split, args.fold, args.records, args.trust_records)
    return benchmark_refusals(
        args.run, asked, num_images=args.images, fields=args.fields, foreign=args.foreign
    )


def _page(args: argparse.Namespace) -> dict:
    _load_tensorflow()
    from all_tf.benchmarks.page import benchmark_page

    return benchmark_page(args.run, num_requests=args.requests, num_clients=args.clients)


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    what = parser.add_subparsers(required=True, metavar="WHAT")
    convert = what.add_parser("convert", help="the converter, against its codec and TFDS")
    convert.add_argument("--source", type=Path, default=Path("data/C-NMC_Leukemia"))
    convert.set_defaults(measure=_convert)
    reading = what.add_parser("input", help="the input, against Keras' reader of image folders")
    reading.add_argument("--source", type=Path, default=Path("data/C-NMC_Leukemia"))
    reading.add_argument("--records", type=Path, default=Path("data/records"))
    reading.add_argument("--image-size", type=_SIDE, default=300, metavar="PX")
    reading.set_defaults(measure=_input)
    _add_steps(what)
    _add_costs(what)
    growth = what.add_parser("growth", help="time and memory of every stage by number of images")
    growth.add_argument(
        "--images", type=whole_number(60, 10**6), nargs="+", default=[120, 500, 2000], metavar="N"
    )
    growth.add_argument("--folder", type=path_to_write, metavar="DIR", help="keep the images here")
    growth.add_argument("--small", action="store_true", help="PNGs without margins: less disk")
    growth.set_defaults(measure=_growth)
    fields = what.add_parser("fields", help="cells found in smears, against boxes and masks")
    fields.add_argument("--source", type=Path, default=Path("../shared/smear_real"))
    fields.set_defaults(measure=_fields)
    _add_refusals(what)
    _add_page(what)
    add_torch(what)
    add_gpu(what)
    return parser.parse_args()


def _add_steps(what) -> None:
    """Add what times the steps of one network."""
    names = choices.ARCHITECTURE_NAMES
    startup = what.add_parser("startup", help="train.py to its first step, against a plain script")
    startup.add_argument("--arch", choices=names, required=True, metavar="NAME")
    startup.add_argument("--records", type=Path, default=Path("data/records"))
    startup.add_argument("--image-size", type=_SIDE, default=128, metavar="PX")
    startup.set_defaults(measure=_startup)
    step = what.add_parser("step", help="a step of train.py, against a plain step of Keras")
    step.add_argument("--arch", choices=names, required=True, metavar="NAME")
    step.add_argument("--records", type=Path, metavar="DIR", help="default: synthetic cells")
    step.add_argument("--image-size", type=_SIDE, default=100, metavar="PX")
    step.set_defaults(measure=_step)
    limits = what.add_parser("limits", help="a step, against the fastest product and copy")
    limits.add_argument("--arch", choices=names, required=True, metavar="NAME")
    limits.add_argument("--image-size", type=_SIDE, required=True, metavar="PX")
    limits.add_argument("--batch-size", type=whole_number(1, 4096), default=32, metavar="N")
    limits.add_argument("--rounds", type=whole_number(1, 1000), default=5, metavar="N")
    limits.set_defaults(measure=_limits)


def _add_page(what) -> None:
    page = what.add_parser("page", help="the page under load, against predict.py")
    page.add_argument("run", type=Path, help="the run's folder")
    page.add_argument("--requests", type=whole_number(5, 10**6), default=1000, metavar="N")
    page.add_argument("--clients", type=whole_number(1, 200), default=16, metavar="N")
    page.set_defaults(measure=_page)


def _add_costs(what) -> None:
    costs = what.add_parser("costs", help="steps in turn with products of matrices, and memory")
    add, names = costs.add_argument, choices.ARCHITECTURE_NAMES
    add("--arch", choices=names, nargs="+", required=True, metavar="NAME")
    add("--image-size", type=_SIDE, default=100, metavar="PX")
    add("--batch-size", type=whole_number(1, 4096), default=32, metavar="N")
    costs.set_defaults(measure=_costs)


def _add_refusals(what) -> None:
    refusals = what.add_parser("refusals", help="of known, disturbed and other images")
    refusals.add_argument("run", type=Path, help="the run's folder")
    add_set_options(refusals, splits=("validation", "train"))
    refusals.add_argument(
        "--images", type=whole_number(1, 100_000), default=400, metavar="N", help="default: 400"
    )
    refusals.add_argument("--fields", type=Path, metavar="DIR", help="pictures of whole fields")
    refusals.add_argument(
        "--foreign", type=Path, nargs="+", default=(), metavar="DIR", help="NAME.png, NAME_mask.png"
    )
    refusals.set_defaults(measure=_refusals)
