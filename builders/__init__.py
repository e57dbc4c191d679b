"""From an architecture name to a compiled classifier."""
