"""The error of everything that reads a run."""


class RunError(ValueError):
    """A run directory is taken, incomplete or changed; the message says which file."""
