"""Tests of `all_tf.system`."""
