"""The folder a run leaves behind: its files, its owner, its caveats, and whether it is intact."""
