"""Drawn cells in the layout of the data set."""
