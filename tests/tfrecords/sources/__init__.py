"""Tests of `tfrecords.sources`."""
