"""Tests of `all_tf.doctor`."""
