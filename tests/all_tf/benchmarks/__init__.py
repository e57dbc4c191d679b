"""Tests of `all_tf.benchmarks`."""
