"""Tests of `all_tf.reports`."""
