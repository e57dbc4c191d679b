"""Tests of `all_tf`."""
