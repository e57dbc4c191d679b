"""A trained network on a set of cells: predictions, report, ensemble."""
