"""Tests of `all_tf.plots`."""
