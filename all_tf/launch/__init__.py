"""How trainings are started: one, resumed, several in a row, all folds, several processes."""
