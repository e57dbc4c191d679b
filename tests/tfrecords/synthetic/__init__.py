"""Tests of `tfrecords.synthetic`."""
