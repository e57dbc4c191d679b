"""NVIDIA GPUs of this machine, whether or not TensorFlow can use them; loads no library."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from os import environ
from pathlib import Path

_NVIDIA, _DISPLAYS = "0x10de", "0x03"  # A vendor, and a class of devices, of PCI.
_QUERY = ["--query-gpu=memory.total", "--format=csv,noheader,nounits"]
_SECONDS = 10.0  # For nvidia-smi, which hangs where a driver is broken.


def gpu_traces(root: Path = Path("/"), env: Mapping[str, str] = environ) -> list[str]:
    """What shows that an NVIDIA GPU is in this machine, in words; empty where nothing does.

    Args:
        root: Of the file system.
        env: For PATH.
    """
    return list(_traces(root, env))


def _traces(root: Path, env: Mapping[str, str]) -> Iterator[str]:
    if any((root / "proc/driver/nvidia/gpus").glob("*")):
        yield "its driver is loaded (/proc/driver/nvidia/gpus)"
    if any((root / "dev").glob("nvidia[0-9]*")):
        yield "a device of it is open to programs (/dev/nvidia0)"
    if any(_is_display(device) for device in (root / "sys/bus/pci/devices").glob("*")):
        yield "it is on the PCI bus (/sys/bus/pci/devices)"
    if shutil.which("nvidia-smi", path=env.get("PATH", "")):
        yield "nvidia-smi is installed"


def _is_display(device: Path) -> bool:
    try:
        vendor, kind = ((device / name).read_text().strip() for name in ("vendor", "class"))
    except OSError:
        return False
    return vendor == _NVIDIA and kind.startswith(_DISPLAYS)


def gpu_memory() -> list[int]:
    """Bytes of each GPU, as nvidia-smi lists them; empty where it cannot say."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        told = subprocess.run(
            [program, *_QUERY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
        return [int(line) * 2**20 for line in told.stdout.split("\n") if line.strip()]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def describe_idle(traces: Sequence[str]) -> str:
    """What to say, loudly, where TensorFlow uses none of the GPUs that `gpu_traces` has found."""
    return f"A GPU IS IN THIS MACHINE, AND TENSORFLOW CANNOT USE IT: {'; '.join(traces)}"


def how_to_use_gpu() -> str:
    """What to install so that TensorFlow uses a GPU, as an imperative sentence."""
    try:
        pinned = f"=={version('tensorflow')}"
    except PackageNotFoundError:
        pinned = ""
    return (
        f"Install CUDA's libraries: pip install 'tensorflow[and-cuda]{pinned}'. If they are there, "
        "run nvidia-smi: it says whether the driver works, and in a container whether the GPU was "
        "passed on (docker run --gpus all)"
    )
