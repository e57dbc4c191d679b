"""The proof that an exported file answers as the runs do, opened in a process of its own."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from all_tf.export import open_export
from all_tf.export.export_folder import ExportTarget
from all_tf.runs.errors import RunError
from all_tf.system.child_process import failure_reason, read_tail, run_logged
from all_tf.system.progress import Bar, bar

LARGEST_DIFFERENCE = 1e-4  # Of a probability, in formats that hold float32.


def prove_export(
    path: Path,
    target: ExportTarget,
    *,
    images: Path,
    scores: np.ndarray,
    answers: np.ndarray,
) -> dict[str, object]:
    """Hold the answers of an exported file against the runs' own.

    Args:
        path: The file, or the folder of a SavedModel.
        target: Its format.
        images: A file of numpy, uint8 `(n, 450, 450, 3)`.
        scores: Of the runs: float64 `(n,)`, calibrated.
        answers: Of the runs: int64 `(n,)` in {0, 1}.

    Returns:
        `num_cells`, `largest_difference` of a probability, `mean_difference`,
        `answers_that_differ`, and `limit` of the largest difference: `LARGEST_DIFFERENCE`, or None
        where numbers were quantised.

    Raises:
        RunError: The file cannot be opened without this project, gives something other than
            probabilities and answers, or, in a format of float32, others than the runs.
    """
    found = _answers_of(path, target, images, num_images=len(scores))
    _require_form(found, len(scores), path)
    differences = np.abs(found["probability"].astype(np.float64) - scores)
    num_differ = int(np.count_nonzero(found["answer"] != answers))
    limit = LARGEST_DIFFERENCE if target.quantize is None else None
    proof: dict[str, object] = {
        "num_cells": len(scores),
        "largest_difference": float(differences.max()),
        "mean_difference": float(differences.mean()),
        "answers_that_differ": num_differ,
        "limit": limit,
    }
    if limit is not None and (differences.max() > limit or num_differ):
        raise RunError(
            f"{path.name} does not answer as the run does, and was removed. Expected probabilities "
            f"within {limit:g} and no other answer. Received: {differences.max():.2g}, and "
            f"{num_differ:,} of {len(scores):,} answers differ"
        )
    return proof


def _answers_of(
    path: Path, target: ExportTarget, images: Path, *, num_images: int
) -> dict[str, np.ndarray]:
    with TemporaryDirectory() as folder, bar("opening the file", num_images) as shown:
        log, out = Path(folder, "log"), Path(folder, "answers.npz")
        script = str(Path(open_export.__file__).resolve())
        # -I: no PYTHONPATH, no current folder and no packages of the user are searched.
        command = [sys.executable, "-I", script, target.format, str(path), str(images), str(out)]
        code = run_logged(command, log, on_poll=lambda: _advance(shown, log))
        if code:
            raise RunError(
                f"{path.name} cannot be opened without this project, and was removed: "
                f"{failure_reason(code, log)}"
            )
        with np.load(out) as saved:
            return dict(saved)


def _advance(shown: Bar, log: Path) -> None:
    """Advance the bar to the last number that the process has printed."""
    numbers = [line for line in read_tail(log) if line.isdecimal()]
    if numbers:
        shown.update(int(numbers[-1]) - shown.n)


def _require_form(found: dict[str, np.ndarray], num_images: int, path: Path) -> None:
    forms = {name: (str(array.dtype), array.shape) for name, array in found.items()}
    expected = {"probability": ("float32", (num_images,)), "answer": ("int64", (num_images,))}
    if forms != expected:
        raise RunError(f"{path.name} was removed. Expected {expected}. Received: {forms}")
    shares = found["probability"]
    if not np.all((shares >= 0) & (shares <= 1)):  # False for NaN.
        raise RunError(
            f"{path.name} was removed: it gives what is no probability. Received: "
            f"{shares[~((shares >= 0) & (shares <= 1))][0]}"
        )
