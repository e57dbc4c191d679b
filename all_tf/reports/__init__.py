"""What people read about finished runs: text, tables, one HTML page, a model card."""
