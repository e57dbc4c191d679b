"""Tests of `all_tf.data`."""
