"""Tests of `builders`."""
