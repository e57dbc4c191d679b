"""Tests of all_tf/page."""
