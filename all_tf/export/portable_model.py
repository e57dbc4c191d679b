"""One or several runs as one Keras model, from images to answers, in layers of Keras alone."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from all_tf.config.experiment import View
from all_tf.export.view_layers import centred, viewed
from all_tf.metrics.calibration import Calibration
from all_tf.runs.errors import RunError
from tfrecords.schema import IMAGE_SIDE

_ALWAYS = 3e38  # A logit that none exceeds, and that float32 holds.


class ExportedRun(NamedTuple):
    """What the model needs of one run."""

    view: View
    network: keras.Model  # As `build_model` builds it, in float32.
    calibration: Calibration


def portable_model(
    members: Sequence[ExportedRun], *, threshold: float, side: int | None = None
) -> keras.Model:
    """Join crop, resizing, network, calibration and threshold.

    Args:
        members: The runs; the mean of their calibrated logits decides.
        threshold: Of the probability; at or above it a cell is called positive.
        side: Of the images, in pixels; None for any, which may differ from call to call.

    Returns:
        Model from `image`, uint8 `(n, side, side, 3)`, n at least 1, to a dict of `probability`,
        float32 `(n,)`, and `answer`, int64 `(n,)`: 1 where a cell is called positive, else 0. Its
        layers and operations are of Keras, so that `keras.saving.load_model` needs nothing else.

    Raises:
        RunError: A network has a layer of its own that Keras' operations cannot replace.
    """
    image = keras.Input((side, side, 3), dtype="uint8", name="image")
    images = ops.cast(image, "float32")
    if side != IMAGE_SIDE:
        images = centred(images)
    shown: dict[View, KerasTensor] = {}
    logits = []
    for number, (view, network, calibration) in enumerate(members):
        if view not in shown:
            shown[view] = viewed(images, view, name=f"view_{number}")
        logit = _in_keras_layers(network, name=f"network_{number}")(shown[view])
        scale, offset = 1 / calibration.temperature, calibration.bias
        logits.append(layers.Rescaling(scale, offset, name=f"calibration_{number}")(logit))
    mean = layers.Average(name="mean")(logits) if len(logits) > 1 else logits[0]
    calibrated = ops.squeeze(mean, axis=-1)
    # Compared as logits: near 0 and 1, float32 holds more of them than of probabilities.
    answer = ops.cast(calibrated >= _logit(threshold), "int64")
    outputs = {"probability": ops.sigmoid(calibrated), "answer": answer}
    return keras.Model(image, outputs, name="all_tf")


def _logit(threshold: float) -> float:
    """The logit of a threshold in [0, 1]; the least and the highest call all cells the same."""
    if threshold <= 0:
        return -_ALWAYS
    threshold = min(threshold, 1 - 2.0**-53)  # A score of 1 is one that float64 has rounded.
    return float(np.log(threshold) - np.log1p(-threshold))


def _in_keras_layers(network: keras.Model, *, name: str) -> keras.Model:
    """The same network, with the same weights, its own layers replaced by what they compute."""
    same = keras.models.clone_model(network, clone_function=_portable, call_function=_call)
    return keras.Model(same.input, same.output, name=name)


def _portable(layer: layers.Layer) -> layers.Layer:
    """The layer itself, or one that computes the same where tf2onnx 1.17 cannot convert it.

    The mean and the variance of a `Normalization` are tensors and no variables, of which it makes
    inputs. A convolution in as many groups as channels is a call of a function that XLA compiles.
    """
    if type(layer) is layers.Conv2D and layer.groups == layer.filters == layer.input.shape[-1] > 1:
        return _depthwise(layer)
    if not isinstance(layer, layers.Normalization):
        return layer
    scale = 1 / np.sqrt(np.ravel(layer.variance))
    offset = -np.ravel(layer.mean) * scale
    return layers.Rescaling(scale.tolist(), offset.tolist(), name=layer.name)


def _depthwise(layer: layers.Conv2D) -> layers.DepthwiseConv2D:
    same = layers.DepthwiseConv2D(
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        dilation_rate=layer.dilation_rate,
        activation=layer.activation,
        use_bias=layer.use_bias,
        name=layer.name,
    )
    same.build(layer.input.shape)
    kernel, *bias = layer.get_weights()
    same.set_weights([np.swapaxes(kernel, 2, 3), *bias])
    return same


def _call(layer: layers.Layer, *inputs, **options):
    """Call a layer of Keras; of another one, note the operations that it consists of.

    So is an exact GELU, which TensorFlow computes by an operation that tf2onnx 1.17 lacks.
    """
    if isinstance(layer, layers.Activation) and layer.activation is keras.activations.gelu:
        return 0.5 * inputs[0] * (1 + ops.erf(inputs[0] / np.sqrt(2).item()))
    if type(layer).__module__.partition(".")[0] == "keras":
        return layer(*inputs, **options)
    if layer.weights:
        raise RunError(
            f"The layer {layer.name} is no layer of Keras and has weights, so that the network "
            "cannot be opened without its code. Build it from layers of Keras. Received: "
            f"{type(layer).__name__}"
        )
    return layer.call(*inputs, **options)
