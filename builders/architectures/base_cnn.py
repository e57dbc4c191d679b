"""The study's base model: one convolution, trained from random weights."""

from builders.architecture import Architecture, imported_when_called

ARCHITECTURES = {
    "base_cnn": Architecture(
        imported_when_called("builders.base_cnn:base_cnn"),
        parameters=992,
    ),
}
