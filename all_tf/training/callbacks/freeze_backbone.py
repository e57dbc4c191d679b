"""Freezing of the backbone: the first epochs train only the head, which starts at random."""

import keras

from builders.layer_groups import backbone_layers


class FreezeBackbone(keras.callbacks.Callback):
    """Freezes the backbone for the first epochs: its weights, and batch norm in inference mode.

    The optimizer must have been built for all weights before (`builders.optimizers`): it then keeps
    the head's moments when the backbone is unfrozen.

    Args:
        epochs: Number of epochs, at least 1.
    """

    def __init__(self, epochs: int):
        super().__init__()
        self._epochs = epochs
        self._frozen: list[keras.layers.Layer] = []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch < self._epochs and not self._frozen:
            self._frozen = [layer for layer in backbone_layers(self.model) if layer.trainable]
            self._set_trainable(False)
        elif epoch >= self._epochs and self._frozen:
            self._set_trainable(True)
            self._frozen = []

    def _set_trainable(self, trainable: bool) -> None:
        for layer in self._frozen:
            layer.trainable = trainable
        # A graph keeps the trainable weights and the mode of batch norm of the time it was traced.
        self.model.make_train_function(force=True)
