"""ConvNeXt (Liu et al., 2022, arXiv:2201.03545); its preprocessing is part of the network."""

import keras
from keras import KerasTensor

from builders.keras_applications import application_features


def convnext_features(name: str, pixels: KerasTensor) -> KerasTensor:
    """Feature map of a ConvNeXt of keras.applications, normalised over channels.

    Keras puts the layers that halve the resolution into models of their own. Here they lie in one
    flat graph, as those of every other network; the order of the weights is the same.

    Args:
        name: "ConvNeXtTiny" to "ConvNeXtXLarge".
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, channels)`, sides rounded down.
    """
    nested = keras.Model(pixels, application_features(name, "inside", pixels))
    flat = keras.models.clone_model(
        nested, input_tensors=pixels, clone_function=_clone, call_function=_call
    )
    return flat.output


def _clone(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A new layer of the same settings; of a model its layers follow, where it is called."""
    if isinstance(layer, keras.Sequential):
        return layer
    return layer.__class__.from_config(layer.get_config())


def _call(layer: keras.layers.Layer, inputs, *args, **kwargs):
    if not isinstance(layer, keras.Sequential):
        return layer(inputs, *args, **kwargs)
    for inner in layer.layers:
        inputs = _clone(inner)(inputs)
    return inputs
