"""The C-NMC study in Keras: pipelines, training, evaluation and trust."""

__version__ = "0.1.0"
