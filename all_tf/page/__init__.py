"""A page and an API that answer for images of cells with a finished run, from this machine."""
