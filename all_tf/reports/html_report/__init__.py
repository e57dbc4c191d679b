"""The HTML page and the model card, each in one file that can be handed on."""
