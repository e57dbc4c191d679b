"""Scripts that stand in for the real ones. In a folder of their own: beside `tests/all_tf` they would import that."""
