"""Training steps of the same networks in PyTorch, timed as this project's own are."""

import gc
from collections.abc import Iterator, Sequence

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from all_tf.benchmarks.speed_table import SpeedJob, failure
from all_tf.benchmarks.step_timing import step_figures, time_steps
from all_tf.benchmarks.torch_networks import torch_network
from all_tf.system.checks import ConfigError

_AUTOCAST = {
    "float32": None,
    "mixed_bfloat16": torch.bfloat16,
    "mixed_float16": torch.float16,
}


class TorchStep:
    """A network, its optimizer and one batch on a device; called, it runs so many steps.

    Adam at its defaults but for the rate, binary cross-entropy on one logit, autocast in half
    precision, no compiler: the training loop of PyTorch's own examples.

    Args:
        job: What is trained; its precision sets autocast, in float16 with a scaled loss.
        device: "cuda" or "cpu".
        channels_last: Whether channels lie last in memory, as tensor cores like them.
    """

    def __init__(self, job: SpeedJob, *, device: str, channels_last: bool):
        layout = torch.channels_last if channels_last else torch.contiguous_format
        torch.manual_seed(0)
        with torch.device(device):
            network = torch_network(job.arch).train()
            images = 255 * torch.rand(job.batch_size, 3, job.image_size, job.image_size)
            self._labels = torch.arange(float(job.batch_size))[:, None] % 2
        self._network = network.to(memory_format=layout)
        self._images = images.to(memory_format=layout)
        self._optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
        self._half, self._device = _AUTOCAST[job.precision], device
        self._scaler = torch.amp.GradScaler(device, enabled=self._half is torch.float16)

    def __call__(self, steps: int) -> None:
        """Run steps and wait for the device."""
        for _ in range(steps):
            self._optimizer.zero_grad(set_to_none=True)
            with torch.autocast(self._device, self._half, enabled=self._half is not None):
                logits = self._network(self._images)
            loss = binary_cross_entropy_with_logits(logits.float(), self._labels)
            self._scaler.scale(loss).backward()
            self._scaler.step(self._optimizer)
            self._scaler.update()
        loss.item()
        if self._device == "cuda":
            torch.cuda.synchronize()


def torch_device(*, any_kind: bool = False) -> str:
    """The name of the first GPU; "cpu" if there is none and any kind will do.

    Raises:
        ConfigError: There is no GPU.
    """
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    if any_kind:
        return "cpu"
    raise ConfigError(
        "PyTorch sees no GPU here, so there is nothing to measure. Run this on a machine that has "
        "one, with a build of PyTorch for it."
    )


def torch_cases(jobs: Sequence[SpeedJob], *, seconds: float) -> Iterator[dict[str, object]]:
    """Measure jobs one after the other, channels last; a job that fails says why.

    float32 is computed in TF32 where the card has it, as JAX and TensorFlow do by default.

    Args:
        jobs: What to measure.
        seconds: For each, about, after the first steps.

    Yields:
        A case of `SpeedTable`. `peak_gib` is the most that tensors took.
    """
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True  # Choose the fastest algorithms, as XLA does.
    device = "cuda" if torch.cuda.is_available() else "cpu"
    for job in jobs:
        facts = {"framework": "torch", **job._asdict(), "jit": "off", "tf32": device == "cuda"}
        yield facts | _measure(job, device, seconds=seconds)
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()


def _measure(job: SpeedJob, device: str, *, seconds: float) -> dict[str, object]:
    cuda = device == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    try:
        step = TorchStep(job, device=device, channels_last=True)
        times = time_steps(step, seconds=seconds)
    except Exception as error:  # Out of memory, or an operation that the device lacks.
        return failure(error)
    peak = torch.cuda.max_memory_allocated() if cuda else None
    return step_figures(times, batch_size=job.batch_size, peak_bytes=peak)
