"""Loss and confusion matrix, summed over an epoch, and the metrics that follow from them."""

import keras
from keras import ops

from all_tf.metrics.confusion_matrix import metrics_from_counts


class ConfusionMetrics(keras.metrics.Metric):
    """F1, kappa and the other metrics of an epoch, exact: the mean of F1 over batches is not F1.

    The confusion matrix is counted during training or validation, with a threshold of .5 on the
    probability (0 on the logit). Counts are float32, exact up to 16.7 million images.

    A mixed label counts as the class of its larger share; an even one counts as positive, like a
    probability of .5. With mixing, training metrics show how often the larger share was found. That
    is harder than to classify a whole cell, so do not compare them with validation.

    Args:
        loss: A `keras.losses.Loss`, averaged here only over images of mask 1.
    """

    def __init__(self, loss: keras.losses.Loss):
        super().__init__(name="figures")
        self._loss = loss
        self.confusion = self.add_variable((2, 2), "zeros", name="confusion")  # [label, decision].
        self.loss_sum = self.add_variable((), "zeros", name="loss_sum")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count one batch.

        Args:
            y_true: `(batch, 1)` in [0, 1].
            y_pred: Logits `(batch, 1)`.
            sample_weight: The mask, `(batch,)` of 0 and 1; None for all ones.
        """
        y_pred = ops.convert_to_tensor(y_pred)
        mask = ops.ones_like(y_pred[:, 0]) if sample_weight is None else ops.ravel(sample_weight)
        mask = ops.cast(mask, self.dtype)
        label = ops.one_hot(ops.cast(ops.ravel(y_true) >= 0.5, "int32"), 2, dtype=self.dtype)
        decision = ops.one_hot(ops.cast(y_pred[:, 0] >= 0, "int32"), 2, dtype=self.dtype)
        counts = ops.matmul(ops.transpose(label * mask[:, None]), decision)
        self.confusion.assign_add(counts)
        self.loss_sum.assign_add(ops.sum(self._loss.call(y_true, y_pred) * mask))

    def result(self):
        """`loss` and the keys of `STREAMED_METRICS`, as scalars."""
        confusion = ops.convert_to_tensor(self.confusion)
        (tn, fp), (fn, tp) = (ops.unstack(row) for row in ops.unstack(confusion))
        total = ops.maximum(ops.sum(self.confusion), 1)
        return {"loss": self.loss_sum / total, **metrics_from_counts(tn, fp, fn, tp, ops=ops)}
