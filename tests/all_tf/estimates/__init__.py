"""Tests of `all_tf.estimates`."""
