"""What a training begins with beside its settings: a calibration, a finished run, a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import Calibration
from all_tf.runs.errors import RunError


@dataclass(frozen=True)
class Start:
    """What a training begins with; by default nothing but its settings."""

    calibration: Calibration | None = None  # Of a cross-validation, where no fold is held out.
    begun: Path | None = None  # The finished run that is gone on with, to more epochs.
    sweep: Mapping[str, object] | None = None  # Which chose the settings, for config.json.

    def require_calibration(self, experiment: Experiment) -> None:
        """Raise unless there is one place, and only one, where the calibration comes from.

        Raises:
            RunError: A fold is held out to fit one on and there is another, or neither.
        """
        if experiment.chooses == (self.calibration is not None):
            raise RunError(
                "A calibration comes from the fold that is held out, or from elsewhere where none "
                f"is. Received: fold={experiment.fold}, calibration={self.calibration}"
            )
