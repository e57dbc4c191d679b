"""Which images there are: C-NMC 2019 in its layouts, or folders of another laboratory."""
