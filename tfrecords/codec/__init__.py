"""Decodes image files to pixels, and encodes pixels as PNG."""
