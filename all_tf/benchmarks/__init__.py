"""Benchmarks of speed, compared with what users could have instead, and of cutting fields."""
