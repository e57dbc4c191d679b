"""A training step of this project beside PyTorch's, on the same network, batch and optimizer."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from statistics import median, quantiles

from all_tf.benchmarks.speed_table import SpeedJob, versions
from all_tf.benchmarks.turns import Turn, children, serve_turns, take_turns
from all_tf.system.checks import ConfigError

_FIRST_STEPS = 3  # They compile, choose algorithms and take memory.
_TORCH = ("torch_nchw", "torch_channels_last")
_CHILD = "import sys; from all_tf.benchmarks.against_torch import child; child(*sys.argv[1:])"


def benchmark_against_torch(
    job: SpeedJob, *, rounds: int, steps: int, threads: int | None = None, jax: bool = False
) -> dict[str, object]:
    """Time blocks of steps of this project and of two memory layouts of PyTorch in turn.

    Each is a process of its own that is idle while another one works. Of PyTorch's layouts the
    faster one counts, by its median. On a machine that other work shares, several threads of
    PyTorch wait for each other and burn processor time: one thread each is compared fairly.

    Args:
        job: What is trained.
        rounds: At least 2.
        steps: Of each process in a round.
        threads: Of each process; None leaves it to the frameworks.
        jax: Whether this project on JAX takes turns too.

    Returns:
        `frameworks`, the speed of each; `ratio_to_torch` of TensorFlow, the median over the rounds
        of PyTorch's seconds by ours, with its quartiles; `best_ratio_to_torch`, of the fastest
        blocks; `cpu_ratio_to_torch`, of processor time. The same of JAX with `jax_`.

    Raises:
        ConfigError: PyTorch is not installed.
        TurnError: A framework failed.
    """
    if find_spec("torch") is None or find_spec("torchvision") is None:
        raise ConfigError(
            "PyTorch is not installed here. make test-parity installs it; then run "
            ".venv-parity/bin/python scripts/benchmark.py torch"
        )
    command = [sys.executable, "-c", _CHILD]
    commands = {
        name: [*command, name, *map(str, job)] for name in _BUILDERS if name != "jax" or jax
    }
    with children(commands, _environment(threads)) as started:
        first, turns = take_turns(started, first_steps=_FIRST_STEPS, steps=steps, rounds=rounds)
    return {
        **job._asdict(),
        "cores": os.cpu_count(),
        "threads": threads,
        "versions": versions(),
        "frameworks": {name: _speed(name, first, turns, job.batch_size) for name in commands},
        **ratios(turns),
    }


def _environment(threads: int | None) -> dict[str, str]:
    if threads is None:
        return {}
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")
    return dict.fromkeys(names, str(threads))  # NPROC is XLA's.


def _speed(
    name: str, first: Mapping[str, float], turns: Sequence[Mapping[str, Turn]], batch_size: int
) -> dict[str, float]:
    seconds = [turn[name].seconds for turn in turns]
    return {
        "images_per_second": round(batch_size / median(seconds), 1),
        "best_images_per_second": round(batch_size / min(seconds), 1),
        "cpu_seconds_a_step": round(median(turn[name].cpu_seconds for turn in turns), 3),
        "seconds_to_first_steps": round(first[name], 1),
    }


def ratios(turns: Sequence[Mapping[str, Turn]]) -> dict[str, object]:
    """The ratios of `benchmark_against_torch`; above 1 this project is faster.

    Args:
        turns: At least 2 rounds, each with a turn of each framework.
    """
    layout = min(_TORCH, key=lambda name: median(turn[name].seconds for turn in turns))
    figures: dict[str, object] = {"layout": layout.removeprefix("torch_")}
    for name, prefix in (("tensorflow", ""), ("jax", "jax_")):
        if name not in turns[0]:
            continue
        pairs = [(turn[layout], turn[name]) for turn in turns]
        quotients = [theirs.seconds / ours.seconds for theirs, ours in pairs]
        low, middle, high = quantiles(quotients, n=4, method="inclusive")
        best = min(theirs.seconds for theirs, _ in pairs) / min(ours.seconds for _, ours in pairs)
        figures |= {
            f"{prefix}ratio_to_torch": round(middle, 3),
            f"{prefix}ratio_quartiles": [round(low, 3), round(high, 3)],
            f"{prefix}best_ratio_to_torch": round(best, 3),
            f"{prefix}cpu_ratio_to_torch": round(
                median(theirs.cpu_seconds / ours.cpu_seconds for theirs, ours in pairs), 3
            ),
        }
    return figures


def child(name: str, arch: str, image_size: str, batch_size: str, precision: str) -> None:
    """Run steps of a job as they are asked for; the work of one of the processes.

    Args:
        name: A framework, for PyTorch with its layout.
        arch: Of the job, as are the others; sides and sizes in digits.
        image_size: Side, pixels.
        batch_size: Images.
        precision: As `SpeedJob` has it.
    """
    job = SpeedJob(arch, int(image_size), int(batch_size), precision)
    serve_turns(lambda: _BUILDERS[name](job))


def _tensorflow(job: SpeedJob) -> Callable[[int], None]:
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow()
    from all_tf.benchmarks.tensorflow_step import TensorFlowStep

    return TensorFlowStep(job)


def _torch(layout: str) -> Callable[[SpeedJob], Callable[[int], None]]:
    def build(job: SpeedJob) -> Callable[[int], None]:
        from all_tf.benchmarks.torch_step import TorchStep, torch_device

        cuda = torch_device(any_kind=True) != "cpu"
        channels_last = layout == "torch_channels_last"
        return TorchStep(job, device="cuda" if cuda else "cpu", channels_last=channels_last)

    return build


def _jax(job: SpeedJob) -> Callable[[int], None]:
    os.environ["KERAS_BACKEND"] = "jax"
    from all_tf.benchmarks.jax_step import jax_step

    return jax_step(job)


_BUILDERS = {"tensorflow": _tensorflow, **{name: _torch(name) for name in _TORCH}, "jax": _jax}
