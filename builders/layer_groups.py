"""The layers of a model's backbone, and factors of the learning rate by their depth."""

import math

import keras


def backbone_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers up to the feature map, in the order of the graph; what follows is the head.

    Args:
        model: As `builders.registry.build_model` builds it.
    """
    return model.layers[: model.layers.index(model.get_layer("pooled"))]


def layer_rates(model: keras.Model, *, decay: float) -> dict[str, float]:
    """A factor of the learning rate for each weight, smaller in earlier layers.

    Layer-wise decay (Clark et al., 2020, arXiv:2003.10555), its depth counted in stages:
    `decay ** (n + 1)`, n being how often the resolution is still halved between a layer's output
    and the last feature map. The head has 1.

    Args:
        model: As `builders.registry.build_model` builds it.
        decay: In (0, 1]; 1 gives every weight a factor of 1.

    Returns:
        Path of a trainable variable to its factor.
    """
    rate_of_path = {variable.path: 1.0 for variable in model.trainable_variables}
    last = model.get_layer("pooled").input.shape[1]
    side = model.input.shape[1]
    for layer in backbone_layers(model):
        shape = layer.output.shape
        # Squeeze-and-excitation sees the whole map as one pixel and belongs to the stage before it.
        if len(shape) == 4 and shape[1] >= last:
            side = shape[1]
        halvings = round(math.log2(side / last))
        for variable in layer.trainable_variables:
            rate_of_path[variable.path] = decay ** (halvings + 1)
    return rate_of_path
