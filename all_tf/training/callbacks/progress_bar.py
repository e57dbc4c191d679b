"""Progress of a training: a bar, a line for each epoch, and an estimate of the duration."""

import sys
import time

import keras

from all_tf.metrics.registry import shown_in
from all_tf.system.progress import bar, describe_duration
from all_tf.training.callbacks.best_weights import BestWeights
from all_tf.training.callbacks.time_limit import TimeLimit

_SHOWN = tuple(shown_in("progress"))  # history.csv and TensorBoard have all of them.
_WORTH_SAYING = 3  # Seconds.
_TIMED_STEPS = 5  # After the first step, which builds the graph.


class ProgressBar(keras.callbacks.Callback):
    """Shows a bar while an epoch runs, prints a line after it, and estimates the remaining time.

    Args:
        best: Callback with the best epoch; it comes earlier in the list of callbacks.
        validation_steps: Number of steps in a validation.
        freeze_epochs: Number of first epochs with a frozen backbone, which are faster and get
            their own estimate.
        limit: Callback that ends the training by time; None without a limit.
        build_seconds: What building the graph takes the first step, about; None if unknown.
    """

    def __init__(
        self,
        best: BestWeights,
        *,
        validation_steps: int,
        freeze_epochs: int = 0,
        limit: TimeLimit | None = None,
        build_seconds: float | None = None,
    ):
        super().__init__()
        self._validation_steps = validation_steps
        self._best = best
        self._freeze_epochs = freeze_epochs
        self._limit = limit
        self._build_seconds = build_seconds
        self._phase_end = 0  # First epoch after the current phase: frozen, or not.
        self._num_ahead = 0  # Epochs that the next estimate covers; 0 once it is printed.
        self._timed_from: tuple[int, float] | None = None  # Number of a step, and its end time.

    def on_epoch_begin(self, epoch, logs=None):
        epochs, steps = self.params["epochs"], self.params["steps"]
        phase_end = self._freeze_epochs if epoch < self._freeze_epochs else epochs
        if begins := phase_end != self._phase_end:
            self._phase_end, self._num_ahead, self._timed_from = phase_end, phase_end - epoch, None
        self._title = f"epoch {epoch + 1}/{epochs}"
        self._bar = bar(self._title, steps, unit="step")
        if begins and (self._build_seconds or 0) >= _WORTH_SAYING:  # Each phase has its graph.
            self._say(f"building the graph, about {describe_duration(self._build_seconds)}")
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._bar.set_postfix({key: f"{logs[key]:.3f}" for key in _SHOWN}, refresh=False)
        self._bar.update(batch + 1 - self._bar.n)  # One call may run several steps.
        self._estimate(batch)
        if batch + 1 == self.params["steps"]:
            self._bar.close()  # Before other bars are shown.

    def on_test_begin(self, logs=None):
        self._bar.close()  # Still open where the epoch was ended early.
        self._bar = bar(f"{self._title}, validating", self._validation_steps, unit="step")

    def on_test_batch_end(self, batch, logs=None):
        self._bar.update(batch + 1 - self._bar.n)

    def on_epoch_end(self, epoch, logs=None):
        self._bar.close()
        train = "  ".join(f"{key} {logs[key]:.3f}" for key in _SHOWN)
        shown = (f"val_{key}" for key in _SHOWN if f"val_{key}" in logs)
        validation = "  ".join(f"{key} {logs[key]:.3f}" for key in shown)
        seconds = time.perf_counter() - self._began
        mark = "  best" if validation and self._best.best_epoch == epoch + 1 else ""
        figures = f"{train}  |  {validation}" if validation else train
        print(
            f"epoch {epoch + 1}/{self.params['epochs']}  {figures}  {seconds:.0f} s{mark}",
            flush=True,
        )

    def _say(self, line: str) -> None:
        self._bar.write(line)
        sys.stdout.flush()  # A log gets the line when it is true.

    def _estimate(self, batch: int) -> None:
        now = time.perf_counter()
        if self._timed_from is None:
            self._timed_from = batch, now
            return
        first, began = self._timed_from
        if self._num_ahead and first < batch >= min(_TIMED_STEPS, self.params["steps"] - 1):
            self._print_estimate((now - began) / (batch - first))
            self._num_ahead = 0

    def _print_estimate(self, seconds_per_step: float) -> None:
        # Validation of an image takes about a third of the time of training on it.
        steps = self._num_ahead * (self.params["steps"] + self._validation_steps / 3)
        seconds = seconds_per_step * steps
        line = (
            f"{seconds_per_step:.2f} s a step: about "
            f"{describe_duration(seconds)} for {self._num_ahead} epoch{'s' * (self._num_ahead > 1)}"
        )
        if self._limit and (left := self._limit.seconds_left()) < seconds:
            line += f"; --max-minutes ends them in {describe_duration(left)}"
        self._say(line)
