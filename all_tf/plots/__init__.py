"""Matplotlib figures of arrays and rows."""
