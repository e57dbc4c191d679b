"""Scripts that stand in for the real ones; not beside `tests/all_tf`, which they would import."""
