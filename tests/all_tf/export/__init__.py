"""Tests of `all_tf.export`."""
