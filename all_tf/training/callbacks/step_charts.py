"""TensorBoard's curves within an epoch: loss, learning rate, speed and the time that is left."""

import time
from typing import NamedTuple

import keras
import tensorflow as tf

from all_tf.system.courtesy import courtesy
from all_tf.training.callbacks.epoch_log import learning_rate
from all_tf.training.callbacks.time_limit import TimeLimit
from all_tf.training.event_files import STEPS, TRAIN, EventWriters

_LEAST_SECONDS = 2.0  # Between two points,
_POINTS_AN_EPOCH = 100  # of which an epoch has about so many at most.


class Point(NamedTuple):
    """What has happened since the point before."""

    loss: float  # The mean over its images.
    images_per_second: float | None  # None of the first, whose step builds the graph.


class StepMeter:
    """Points of a curve, some seconds and some steps apart, and one at the end of an epoch.

    The loss that Keras gives after a step is the mean over the epoch so far, already on the host:
    the mean since the point before is a difference, and nothing waits for the device.

    Args:
        num_images: Images in an epoch, without the padding of its last batch.
        steps: Steps in an epoch.
        batch_size: Images in a step.
    """

    def __init__(self, *, num_images: int, steps: int, batch_size: int):
        self._num_images, self._steps, self._batch_size = num_images, steps, batch_size
        self._apart = max(1, steps // _POINTS_AN_EPOCH)
        self._has_graph = False

    def begin(self, *, now: float) -> None:
        """Begin an epoch at this time, in seconds."""
        self._at, self._step, self._images, self._sum = now, 0, 0, 0.0

    def point(self, step: int, mean_loss: float, *, now: float) -> Point | None:
        """The point after a step, or None where it is too early for one.

        Args:
            step: The number of steps of the epoch that are done.
            mean_loss: Over their images.
            now: In seconds.
        """
        is_due = now - self._at >= _LEAST_SECONDS and step - self._step >= self._apart
        if self._has_graph and not is_due and step < self._steps:
            return None
        images = min(step * self._batch_size, self._num_images)
        new, seconds = images - self._images, max(now - self._at, 1e-9)
        point = Point(
            (mean_loss * images - self._sum) / new, new / seconds if self._has_graph else None
        )
        self._has_graph = True
        self._at, self._step, self._images, self._sum = now, step, images, mean_loss * images
        return point

    @property
    def images_left(self) -> int:
        """Images of the epoch after the last point."""
        return self._num_images - self._images


class StepCharts(keras.callbacks.Callback):
    """Writes the points of a `StepMeter`; the step of an event is that of the whole training.

    Args:
        writers: The run's event files.
        meter: Of the training.
        num_images: Numbers of images in the training set and in the selection set.
        freeze_epochs: Number of first epochs with a frozen backbone, whose speed says nothing about
            the time that is left.
        limit: Callback that ends the training by time; None without a limit.
    """

    def __init__(
        self,
        writers: EventWriters,
        meter: StepMeter,
        *,
        num_images: tuple[int, int],
        freeze_epochs: int = 0,
        limit: TimeLimit | None = None,
    ):
        super().__init__()
        self._writers, self._meter, self._limit = writers, meter, limit
        self._num_images, self._freeze_epochs = num_images, freeze_epochs
        self._failed = False  # One warning is enough.

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._meter.begin(now=time.perf_counter())

    def on_train_batch_end(self, batch, logs=None):
        if self._failed:
            return
        point = self._meter.point(batch + 1, float(logs["loss"]), now=time.perf_counter())
        if point is not None:
            self._failed = True
            with courtesy("TensorBoard's curve of the steps"):
                self._write(batch + 1, point)
                self._failed = False

    def _write(self, step: int, point: Point) -> None:
        done = self._epoch * self.params["steps"] + step
        values = {"loss": point.loss, "learning_rate": learning_rate(self.model)}
        if speed := point.images_per_second:
            values["images_per_second"] = speed
            if self._epoch >= self._freeze_epochs:
                values["minutes_left"] = self._seconds_left(speed) / 60
        with self._writers.writing(TRAIN, step=done):
            for name, value in values.items():
                tf.summary.scalar(f"{STEPS}{name}", value)
        self._writers.flush()

    def _seconds_left(self, speed: float) -> float:
        by_images = self._images_left() / speed
        return min(by_images, self._limit.seconds_left()) if self._limit else by_images

    def _images_left(self) -> float:
        """Images to learn from; validation of one takes about a third of the time."""
        learnt, validated = self._num_images
        later = self.params["epochs"] - self._epoch - 1
        return self._meter.images_left + later * learnt + (later + 1) * validated / 3
