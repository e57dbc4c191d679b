"""Draws synthetic cells and writes them in the layout of C-NMC 2019."""
