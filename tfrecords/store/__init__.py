"""Records on disk: manifest, index, folds, leakage proof, reading, verification."""
