"""From image files to records on disk, and back."""
