"""The HTML page and the model card of runs, each a single file that can be passed on."""
