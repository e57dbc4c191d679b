"""End of a training at the first loss that is not finite, with the names of the batch's images."""

import math
from collections.abc import Callable, Sequence

import keras

from all_tf.runs.folder import RunError

_SHOWN = 32  # Names in the message; status.json has all of them.


class NonFiniteError(RunError):
    """The loss is infinite or not a number.

    Attributes:
        images: Names of the images of the batch; empty if the loss is that of a validation.
    """

    def __init__(self, message: str, images: Sequence[str] = ()):
        super().__init__(message)
        self.images = list(images)


class TerminateOnNonFinite(keras.callbacks.Callback):
    """Checks the loss after each step; the first in the list of callbacks.

    The loss in the logs is the mean over the epoch so far, which one bad batch makes infinite or
    NaN, so that the check needs no additional transfer from the device. It also detects a bad loss
    whose step an optimizer with loss scaling skips silently. If only the gradients overflow, the
    optimizer halves the scale and continues, as it should; the end of the epoch checks that the
    scale has not become too small.

    Args:
        images_of: Function of epoch and steps, both from 0, that returns the names of the images.
    """

    def __init__(self, images_of: Callable[[int, range], Sequence[str]]):
        super().__init__()
        self._images_of = images_of

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._next_step = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        steps = range(self._next_step, batch + 1)  # One call may run several steps.
        self._next_step = batch + 1
        if math.isfinite(logs["loss"]):
            return
        images = list(self._images_of(self._epoch, steps))
        shown = ", ".join(images[:_SHOWN])
        if len(images) > _SHOWN:
            shown += f" and {len(images) - _SHOWN} more, listed in status.json"
        raise NonFiniteError(
            f"The loss is {logs['loss']} at epoch {self._epoch + 1}, step {batch + 1} of "
            f"{self.params['steps']}. Lower --learning-rate, or look at what is special about the "
            f"images of that batch: {shown}. The state after epoch {self._epoch} is kept.",
            images,
        )

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite(logs.get("val_loss", 0.0)):  # Not every training validates.
            raise NonFiniteError(
                f"The loss of the validation after epoch {epoch + 1} is {logs['val_loss']}. Lower "
                f"--learning-rate. The state after epoch {epoch} is kept."
            )
        scale = getattr(self.model.optimizer, "dynamic_scale", None)  # Only with mixed_float16.
        if scale is not None and (value := float(keras.ops.convert_to_numpy(scale))) < 1:
            raise NonFiniteError(
                f"float16 cannot hold the gradients: by epoch {epoch + 1} so many overflowed "
                f"that the loss is scaled by {value:g}, and their steps were skipped. Pass "
                f"--precision mixed_bfloat16. The state after epoch {epoch} is kept."
            )
