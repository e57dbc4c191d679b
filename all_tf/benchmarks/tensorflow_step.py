"""Training steps of this project's networks on TensorFlow, without augmentation or input."""

import keras
import numpy as np
import tensorflow as tf

from all_tf.benchmarks.classifier_step import classifier_of, random_batch
from all_tf.benchmarks.speed_table import SpeedJob
from all_tf.config.engine import Engine
from all_tf.training.xla import step_compiler


class TensorFlowStep:
    """A network, its optimizer and one batch in memory; called, it runs so many steps.

    A step is the function that `fit` calls, compiled by XLA where train.py would.

    Args:
        job: What is trained.

    Attributes:
        classifier: What is trained, compiled.
    """

    def __init__(self, job: SpeedJob):
        keras.utils.set_random_seed(0)
        self.classifier = classifier_of(job)
        self.classifier.compile_step = step_compiler(Engine())
        self.classifier.make_train_function()
        batch = (*random_batch(job), np.ones(job.batch_size, np.float32))
        self._batches = iter(tf.data.Dataset.from_tensors(batch).repeat())

    def __call__(self, steps: int) -> None:
        """Run steps and wait for the device."""
        for _ in range(steps):
            float(self.classifier.train_function(self._batches)["loss"])
