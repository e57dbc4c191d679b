"""The processors that this process may use."""

import os


def num_processors() -> int:
    """Count them: those of the machine, or fewer if a job is bound to some of them."""
    if hasattr(os, "sched_getaffinity"):  # Not on macOS.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
