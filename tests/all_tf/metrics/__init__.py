"""Tests of `all_tf.metrics`."""
