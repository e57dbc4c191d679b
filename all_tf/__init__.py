"""The C-NMC study in Keras: pipelines, training, evaluation and trust."""

from all_tf.system.own_packages import require_own_packages

__version__ = "0.1.0"

require_own_packages()
