"""Tests of `all_tf.launch`."""
