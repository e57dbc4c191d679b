"""Training: from an experiment and records to a finished run."""
