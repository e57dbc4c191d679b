"""Commands that are killed, told to end or find a full disk, one file for what takes long."""
