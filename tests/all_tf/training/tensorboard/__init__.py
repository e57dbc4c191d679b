"""Tests of `all_tf.training.tensorboard`."""
