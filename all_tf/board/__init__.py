"""Runs that have ended, in TensorBoard."""
