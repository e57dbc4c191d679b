"""The architectures, one file a family; adding a file or a row adds an architecture."""
