"""Tests of `all_tf.config`."""
