"""Tests of `tfrecords.store`."""
