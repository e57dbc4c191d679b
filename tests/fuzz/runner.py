"""Runs one target through many damaged files, and says of each what went wrong."""

import re
import resource
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from all_tf.system.progress import track
from tests.conftest import ROOT
from tests.fuzz.mutations import mutate_bytes

_MOST_MEGABYTES = 300  # By which one case may raise the memory that the process has in use.
_CLEAR_PEAK, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
Mutate = Callable[[np.random.Generator, bytes, Sequence[bytes]], bytes]


@dataclass(frozen=True)
class Target:
    """A reader, and valid files that it reads.

    Attributes:
        files: Of which each case damages one; they are restored afterwards.
        read: Reads them, and returns what was read. It raises one of `refusals` where it refuses,
            with a message that has one of `names` in it.
        right: Whether what was read is what the damaged file holds; it takes the value, the
            damaged file and the value of the valid one.
    """

    files: Sequence[Path]
    read: Callable[[], object]
    right: Callable[[object, Path, object], bool]
    refusals: tuple[type[Exception], ...]
    names: Sequence[str] = ()
    mutate: Mutate = mutate_bytes
    others: Sequence[bytes] = ()
    end: Callable[[], None] = lambda: None  # Frees what it holds.
    cases: int = 200  # Of `make test`.
    seconds: float = 10.0  # That a case may take: most take milliseconds, and more is a loop.


class HangError(Exception):
    """A case did not come to an end."""


@dataclass(frozen=True)
class Finding:
    """A case that went wrong."""

    case: str  # As `--fuzz-case` takes it.
    what: str

    @property
    def kind(self) -> str:
        """Equal for cases that went wrong in the same place."""
        return self.what.partition(":")[0]


def find_faults(name: str, target: Target, *, seed: int, cases: Sequence[int]) -> list[Finding]:
    """Run the cases of a target; those that went wrong."""
    expected = target.read()
    whole = {path: path.read_bytes() for path in target.files}
    found = []
    for number in track(cases, f"fuzz {name}", len(cases), unit="case"):
        rng = np.random.default_rng([seed, number, crc32(name.encode())])
        path = target.files[rng.integers(len(target.files))]
        _write(path, target.mutate(rng, whole[path], target.others))
        try:
            if what := _fault(target, path, expected):
                found.append(Finding(f"{seed}:{number}", what))
        finally:
            for each, data in whole.items():
                if not each.is_file() or each.read_bytes() != data:
                    _write(each, data)
    target.end()
    return found


def _write(path: Path, data: bytes) -> None:
    """Write a file anew: it may be a second name of another one."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def _fault(target: Target, path: Path, expected: object) -> str | None:
    try:
        with limited(target.seconds):
            value = target.read()
    except target.refusals as error:
        names = target.names or [path.name]
        if not any(name in str(error) for name in names):
            return f"refused without the name of the file: {type(error).__name__}: {error}"
        return None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = next(frame for frame in reversed(frames) if frame.filename.startswith(str(ROOT)))
        where = f"{Path(place.filename).name}, {place.name}"
        return f"{type(error).__name__} in {where}: {str(error)[:200]!r}"
    return None if target.right(value, path, expected) else "accepted with another value"


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise an error after so many seconds, and after a large growth of memory."""

    def end(number: int, frame: object) -> None:
        raise HangError(f"no end after {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, end)
    before = _peak_megabytes(anew=True)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    if (grown := _peak_megabytes() - before) > _MOST_MEGABYTES:
        raise MemoryError(f"memory grew by {grown:.0f} MB")


def _peak_megabytes(*, anew: bool = False) -> float:
    """The most memory the process had in use; `anew`, from now on."""
    if not _CLEAR_PEAK.exists():  # macOS: since the process began, in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if anew:
        _CLEAR_PEAK.write_text("5")
    (kilobytes,) = re.findall(r"VmHWM:\s*([0-9]+) kB", _STATUS.read_text())
    return int(kilobytes) / 1024
