"""Benchmarks of speed, each compared with an alternative that users could have instead."""
