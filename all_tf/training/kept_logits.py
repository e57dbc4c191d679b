"""The logits of a validation, kept while it runs, so that no cell is predicted twice."""

import numpy as np
import tensorflow as tf


class KeptLogits:
    """The logits of the last validation, on the device until they are asked for.

    A call writes a batch after the one before; the graph of the validation contains it.

    Args:
        num_cells: Cells in a validation.
        batch_size: Rows in each of its batches, the last one filled up.
    """

    def __init__(self, num_cells: int, *, batch_size: int):
        self._num_cells = num_cells
        rows = -(-num_cells // batch_size) * batch_size
        self._logits = tf.Variable(tf.zeros([rows]), trainable=False)
        self._next = tf.Variable(0, dtype=tf.int64, trainable=False)

    def __call__(self, logits: tf.Tensor) -> None:
        """Keep the logits `(batch, 1)` of the next batch."""
        batch = tf.cast(tf.reshape(logits, [-1]), tf.float32)
        first = self._next.value()
        last = first + tf.size(batch, out_type=tf.int64)
        self._logits[first:last].assign(batch)
        self._next.assign(last)

    def begin(self) -> None:
        """Begin a validation."""
        self._next.assign(0)

    def values(self) -> np.ndarray:
        """The logits of all cells, in their order: float64 `(num_cells,)`."""
        return self._logits.numpy()[: self._num_cells].astype(np.float64)
