"""Tests of `tfrecords.packing`."""
