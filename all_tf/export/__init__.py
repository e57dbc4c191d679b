"""A run as a file that opens without this project, and the proof that it answers alike."""
