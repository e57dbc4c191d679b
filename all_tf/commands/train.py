"""Train one network on packed records.

    python scripts/train.py --arch densenet169
    python scripts/train.py --experiment scratch --fold all --run-dir runs/folds
    python scripts/train.py --refit runs/folds
    python scripts/train.py --resume runs/20260131-101500-densenet169

Options that are left out have the value of the row of all_tf/config/presets.py that --arch or
--experiment names. The run is saved in a new folder below runs/. With --fold all that folder holds
a run for each fold, and out-of-fold predictions: each training image is scored by the network that
has not seen its patient. --refit then trains on all folds, for as many epochs as they chose.
"""

import shlex
import shutil
import sys
from pathlib import Path

from all_tf.launch.launch import launch, resume_hint, run_folder
from all_tf.launch.options import parse_options
from all_tf.system.cli import exit_on_errors
from all_tf.system.courtesy import courtesy
from all_tf.system.script_command import runnable
from all_tf.system.signals import interrupt_on_signals


def main() -> None:
    """Train what the options ask for, or resume a run, and print its reports."""
    options = parse_options(__doc__)
    runs: list[Path] = []
    with exit_on_errors(lambda: resume_hint(runs[0]) if runs else "no run was begun"):
        interrupt_on_signals()  # A training ends between two steps.
        with run_folder(options) as run:
            runs.append(run)
            reports = launch(run, options)
        if reports:
            from all_tf.reports.text import format_end

            print(runnable(format_end(reports, run)))
            print(f"Run: {run}")
            with courtesy("The command for TensorBoard"):
                print(f"TensorBoard: {_tensorboard(run.parent)}")


def _tensorboard(folder: Path) -> str:
    """The command as it works from here, whether or not the environment is active."""
    program = Path(sys.executable).with_name("tensorboard")
    on_path = shutil.which("tensorboard")
    if on_path and (not program.exists() or Path(on_path).resolve() == program.resolve()):
        program = Path("tensorboard")
    return shlex.join([str(program), "--logdir", str(folder)])
