"""Matplotlib figures, drawn from arrays and rows."""
