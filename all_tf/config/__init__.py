"""Settings of a training and of its hardware, as frozen dataclasses and tables of names."""
