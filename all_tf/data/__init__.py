"""From records, or image files, to the batches a network sees."""
