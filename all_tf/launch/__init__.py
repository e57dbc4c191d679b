"""Start of trainings: one, resumed, several in a row, all folds, several processes."""
