"""From an experiment and records to a finished run."""
