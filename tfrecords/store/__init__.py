"""Records on disk: manifest, index, folds, proof of leakage, reading, verification."""
