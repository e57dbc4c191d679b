"""Tests of `tfrecords`."""
