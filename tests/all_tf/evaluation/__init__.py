"""Tests of `all_tf.evaluation`."""
