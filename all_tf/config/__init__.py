"""What is to be trained, and on what hardware, as frozen dataclasses and tables of names."""
