"""Input of the network: from records or image files to augmented batches."""
