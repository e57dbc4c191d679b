"""The commands that people type, one a file; scripts/ and `all-tf` start them."""
