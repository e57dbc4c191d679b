"""Tests of `all_tf.runs`."""
