"""Tests of `tfrecords.codec`."""
