"""Early stopping of a training that no longer improves."""

import keras

from all_tf.training.callbacks.best_weights import BestWeights


class EarlyStopping(keras.callbacks.Callback):
    """Ends training after some epochs without improvement.

    Args:
        best: Callback with the best epoch; it comes earlier in the list of callbacks.
        patience: Number of epochs.
        freeze_epochs: Number of first epochs that are not counted: while only the head learns, the
            lack of improvement says nothing about the network.
    """

    def __init__(self, best: BestWeights, *, patience: int, freeze_epochs: int = 0):
        super().__init__()
        self._best = best
        self._patience = patience
        self._freeze_epochs = freeze_epochs

    def on_epoch_end(self, epoch, logs=None):
        waited = epoch + 1 - max(self._best.best_epoch or 0, self._freeze_epochs)
        if waited >= self._patience and epoch + 1 < self.params["epochs"]:
            self.model.stop_training = True
            print(f"stopped after epoch {epoch + 1}: no better one in {waited}", flush=True)
