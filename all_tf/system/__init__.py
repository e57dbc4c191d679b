"""Helpers that know nothing of cells, networks or runs."""
