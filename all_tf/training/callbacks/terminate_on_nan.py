"""Training ends at the first loss that is not a number, and says which images were in the batch."""

import math
from collections.abc import Callable, Sequence

import keras

from all_tf.runs.folder import RunError

_SHOWN = 32  # Names in the message; status.json has all of them.


class NonFiniteError(RunError):
    """The loss is infinite or not a number.

    Attributes:
        images: Names of the images of the batch; none where validation found it.
    """

    def __init__(self, message: str, images: Sequence[str] = ()):
        super().__init__(message)
        self.images = list(images)


class TerminateOnNonFinite(keras.callbacks.Callback):
    """Looks at the loss after each step; first in the list of callbacks.

    The loss in the logs is the mean over the epoch so far, which one bad batch spoils: no number
    is fetched for this that is not fetched anyway. It also sees a step that an optimizer with a
    scaled loss skips without a word, unless the gradients alone overflow: then the scale is halved
    and the next step is tried, as it should be, but not for ever.

    Args:
        images_of: Epoch, from 0, and steps, from 0, to the names of the images.
    """

    def __init__(self, images_of: Callable[[int, range], Sequence[str]]):
        super().__init__()
        self._images_of = images_of

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._next_step = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        steps = range(self._next_step, batch + 1)  # Several where one call runs several.
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
        scale = getattr(self.model.optimizer, "dynamic_scale", None)  # There in mixed_float16.
        if scale is not None and (value := float(keras.ops.convert_to_numpy(scale))) < 1:
            raise NonFiniteError(
                f"float16 cannot hold the gradients: by epoch {epoch + 1} so many overflowed "
                f"that the loss is scaled by {value:g}, and their steps were skipped. Pass "
                f"--precision mixed_bfloat16. The state after epoch {epoch} is kept."
            )
