"""Reports to hand on: a page in one file, and a model card, from what runs have left behind."""
