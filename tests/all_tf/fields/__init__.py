"""Tests of all_tf.fields."""
