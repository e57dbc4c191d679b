"""A training on the screen: a bar, a line an epoch, and how long it will take."""

import time

import keras

from all_tf.metrics.registry import shown_in
from all_tf.system.progress import bar, describe_duration
from all_tf.training.callbacks.best_weights import BestWeights

_SHOWN = tuple(shown_in("progress"))  # history.csv and TensorBoard have all of them.
_TIMED_STEPS = 5  # After the first, which builds the graph.


class ProgressBar(keras.callbacks.Callback):
    """Bars while an epoch runs, a line once it has ended, and an estimate of what lies ahead.

    Args:
        best: Tells whether the epoch that has just ended is the best so far; it comes earlier in
            the list of callbacks.
        num_images: Of the training set and of the selection set.
        validation_steps: Of one validation.
        freeze_epochs: At the beginning, that are faster; they get an estimate of their own.
    """

    def __init__(
        self,
        best: BestWeights,
        *,
        num_images: tuple[int, int],
        validation_steps: int,
        freeze_epochs: int = 0,
    ):
        super().__init__()
        self._validation_steps = validation_steps
        self._best = best
        self._validation_share = num_images[1] / num_images[0]
        self._freeze_epochs = freeze_epochs
        self._stretch = 0  # The epoch before which the one that runs and its like come to an end.
        self._ahead = 0  # Epochs that the next estimate is for; 0 once it is given.
        self._timed_from: tuple[int, float] | None = None  # A step's number, and when it ended.

    def on_epoch_begin(self, epoch, logs=None):
        epochs, steps = self.params["epochs"], self.params["steps"]
        stretch = self._freeze_epochs if epoch < self._freeze_epochs else epochs
        if stretch != self._stretch:
            self._stretch, self._ahead, self._timed_from = stretch, stretch - epoch, None
        self._title = f"epoch {epoch + 1}/{epochs}"
        self._bar = bar(self._title, steps, unit="step")
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._bar.set_postfix({key: f"{logs[key]:.3f}" for key in _SHOWN}, refresh=False)
        self._bar.update(batch + 1 - self._bar.n)  # Several where one call runs several.
        self._estimate(batch)
        if batch + 1 == self.params["steps"]:
            self._bar.close()  # Before other bars come.

    def on_test_begin(self, logs=None):
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

    def _estimate(self, batch: int) -> None:
        now = time.perf_counter()
        if self._timed_from is None:
            self._timed_from = batch, now
            return
        first, began = self._timed_from
        if self._ahead and first < batch >= min(_TIMED_STEPS, self.params["steps"] - 1):
            self._print_estimate((now - began) / (batch - first))
            self._ahead = 0

    def _print_estimate(self, seconds_per_step: float) -> None:
        steps = self.params["steps"] * self._ahead
        # An image that is only looked at costs about a third of one that is learnt from.
        seconds = seconds_per_step * steps * (1 + self._validation_share / 3)
        self._bar.write(
            f"{seconds_per_step:.2f} s a step: about "
            f"{describe_duration(seconds)} for {self._ahead} epoch{'s' * (self._ahead > 1)}"
        )
