"""Tests of `all_tf.analysis`."""
