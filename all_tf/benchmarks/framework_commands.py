"""The measurements of benchmark.py that set frameworks beside each other: torch and gpu."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from all_tf.config import choices
from all_tf.system.arguments import real_number, whole_number

_SIDE = whole_number(32, 2048)  # Pixels, as an experiment has them.


def add_torch(what) -> None:
    """Add the subcommand torch; `what` is of `add_subparsers`."""
    torch = what.add_parser("torch", help="a step in turn with PyTorch")
    torch.add_argument("--arch", choices=choices.ARCHITECTURE_NAMES, required=True, metavar="NAME")
    torch.add_argument("--image-size", type=_SIDE, required=True, metavar="PX")
    torch.add_argument("--batch-size", type=whole_number(1, 4096), default=32, metavar="N")
    torch.add_argument("--precision", choices=choices.PRECISIONS, default="float32")
    torch.add_argument("--rounds", type=whole_number(2, 1000), default=10, metavar="N")
    torch.add_argument(
        "--steps",
        type=whole_number(1, 1000),
        default=2,
        metavar="N",
        help="of a round (default: 2)",
    )
    torch.add_argument(
        "--threads", type=whole_number(1, 1024), metavar="N", help="default: the frameworks' own"
    )
    torch.add_argument("--jax", action="store_true", help="this project on JAX takes turns too")
    torch.set_defaults(measure=_torch)


def add_gpu(what) -> None:
    """Add the subcommand gpu; `what` is of `add_subparsers`."""
    gpu = what.add_parser("gpu", help="every architecture by precision and compiler, on a GPU")
    gpu.add_argument(
        "--arch", choices=choices.ARCHITECTURE_NAMES, nargs="+", metavar="NAME", help="default: all"
    )
    gpu.add_argument("--framework", choices=_GPU_FRAMEWORKS, default="tensorflow")
    gpu.add_argument("--json", type=Path, metavar="FILE", help="kept up to date, taken up again")
    only = gpu.add_argument_group("jax and torch: the bare network step")
    only.add_argument(
        "--precision",
        choices=choices.PRECISIONS,
        nargs="+",
        default=["float32", "mixed_bfloat16"],
        metavar="NAME",
    )
    only.add_argument(
        "--seconds", type=real_number(0.01, 3600), default=2.0, help="of each case (default: 2)"
    )
    only.add_argument("--quick", action="store_true", help="tiny batches, on a processor as well")
    gpu.set_defaults(measure=_gpu)


def _torch(args: argparse.Namespace) -> dict:
    from all_tf.benchmarks.against_torch import benchmark_against_torch
    from all_tf.benchmarks.speed_table import SpeedJob

    job = SpeedJob(args.arch, args.image_size, args.batch_size, args.precision)
    return benchmark_against_torch(
        job, rounds=args.rounds, steps=args.steps, threads=args.threads, jax=args.jax
    )


def _gpu(args: argparse.Namespace) -> dict:
    from all_tf.benchmarks.speed_table import SpeedTable

    name, measure = _GPU_FRAMEWORKS[args.framework](args)
    table = SpeedTable(name, args.json)
    measure(table)
    return table.as_dict()


def _gpu_tensorflow(args: argparse.Namespace) -> tuple[str, Callable]:
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow()
    from all_tf.benchmarks.gpu import benchmark_gpu, find_gpu

    device = find_gpu()
    archs = args.arch or choices.ARCHITECTURE_NAMES
    return device.name, lambda table: benchmark_gpu(archs, device=device, keep=table.add)


def _gpu_jax(args: argparse.Namespace) -> tuple[str, Callable]:
    os.environ["KERAS_BACKEND"] = "jax"
    # What the programs take is to be seen; all of it at once would leave other processes none.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    from all_tf.benchmarks.jax_step import jax_cases, jax_device

    return jax_device(any_kind=args.quick), lambda table: _measure_jobs(args, table, jax_cases)


def _gpu_torch(args: argparse.Namespace) -> tuple[str, Callable]:
    try:
        from all_tf.benchmarks.torch_step import torch_cases, torch_device
    except ImportError as error:
        sys.exit(f"error: PyTorch or torchvision is not installed here ({error}).")
    return torch_device(any_kind=args.quick), lambda table: _measure_jobs(args, table, torch_cases)


_GPU_FRAMEWORKS = {"tensorflow": _gpu_tensorflow, "jax": _gpu_jax, "torch": _gpu_torch}


def _measure_jobs(args: argparse.Namespace, table, cases: Callable) -> None:
    from all_tf.benchmarks.speed_table import speed_jobs

    archs = args.arch or choices.ARCHITECTURE_NAMES
    jobs = speed_jobs(archs, precisions=args.precision, quick=args.quick)
    for case in cases(table.missing(jobs, args.framework), seconds=args.seconds):
        table.add(case)
