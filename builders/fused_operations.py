"""Batch norm and Adam in one operation of TensorFlow each, where Keras builds them from many.

They compute what Keras' own compute, up to rounding. A step is faster and its graph smaller.
"""

from functools import partial

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


def fuse_batch_norm(model: keras.Model) -> None:
    """Let the layers of batch norm in a model train in fused operations; TensorFlow only.

    The layers keep their class, so that exports and copies of the model are of Keras' own layers.
    Predictions, and training that is shared by several devices, go Keras' way.

    Args:
        model: Its layers are changed in place.
    """
    if keras.backend.backend() != "tensorflow":
        return
    for layer in model.layers:
        if type(layer) is keras.layers.BatchNormalization and _of_channels_last(layer):
            layer.call = partial(_normalize, layer)


def _of_channels_last(layer: keras.layers.BatchNormalization) -> bool:
    return layer.input_spec.ndim == 4 and layer.axis in (-1, 3) and not layer.renorm


def _normalize(layer: keras.layers.BatchNormalization, inputs, training=None, mask=None):
    """What `layer.call` returns, and the same change of the moving averages."""
    symbolic = isinstance(inputs, keras.KerasTensor)
    if symbolic or not training or not layer.trainable or layer.synchronized or mask is not None:
        return keras.layers.BatchNormalization.call(layer, inputs, training=training, mask=mask)
    channels = inputs.shape[-1]
    none = tf.zeros([0])  # No moving averages: they have a correction that Keras' lack.
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=layer.gamma if layer.scale else tf.ones([channels]),
        offset=layer.beta if layer.center else tf.zeros([channels]),
        mean=none,
        variance=none,
        epsilon=layer.epsilon,
        is_training=True,
    )
    count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), "float32")
    variance = variance * ((count - 1) / count)  # The operation's is Bessel's, Keras' is not.
    for average, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        average.assign(average * layer.momentum + value * (1 - layer.momentum))
    # TensorFlow would merge the operation with a ReLU behind it, and that one makes 0 of nan, which
    # is then hidden from the loss. It merges nothing across another operation.
    return tf.ensure_shape(outputs, outputs.shape)


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam; on TensorFlow, on one device, the update of a weight is one operation."""

    _powers = ()  # Of beta_1 and beta_2 by the number of the step, while gradients are applied.

    def apply(self, grads, trainable_variables=None):
        """Update all weights; `grads` and weights as Keras takes them."""
        step = ops.cast(self.iterations + 1, "float32")
        self._powers = tuple(ops.power(beta, step) for beta in (self.beta_1, self.beta_2))
        super().apply(grads, trainable_variables)
        self._powers = ()  # They belong to the graph that is being built.

    def update_step(self, gradient, variable, learning_rate):
        """Update one weight; `apply` calls this."""
        if self.amsgrad or not _on_one_device_of_tensorflow():
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self._powers[0],
            beta2_power=self._powers[1],
            lr=ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=ops.cast(gradient, variable.dtype),
        )


def _on_one_device_of_tensorflow() -> bool:
    return keras.backend.backend() == "tensorflow" and not tf.distribute.has_strategy()
