"""Finds the images: C-NMC 2019 in its layouts, or folders of another laboratory."""
